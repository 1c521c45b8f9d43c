package consensus

import (
	"strings"
	"testing"
)

func TestEveryRuleHasAName(t *testing.T) {
	names := make(map[string]bool)
	for r := RuleEncoding; r <= RuleInvalid; r++ {
		name := r.String()
		if name == "unknown" || names[name] {
			t.Errorf("rule %d: name %q", r, name)
		}
		names[name] = true
	}
	if got := (RuleInvalid + 1).String(); got != "unknown" {
		t.Errorf("after the last rule: %q", got)
	}
}

func TestRulesThatProveNoFault(t *testing.T) {
	doubtful := map[Rule]bool{RuleFutureTime: true, RuleWaypoint: true, RuleEarlyFilters: true}
	for r := RuleEncoding; r <= RuleInvalid; r++ {
		if r.Proven() == doubtful[r] {
			t.Errorf("%v: proven is %v", r, r.Proven())
		}
	}
}

func TestRuleErrorSaysWhatItIsAbout(t *testing.T) {
	p := SimNet()
	genesis := p.Genesis()
	err := NewRuleError(RuleBits, &genesis, "want %08x, got %08x", 1, 2)
	for _, want := range []string{"block 0", p.ChainParams.GenesisHash.String(), "bits", "want 00000001, got 00000002"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not contain %q", err, want)
		}
	}
	if got := malformed("headers", errShort).Error(); got != "encoding: headers message: payload ends early" {
		t.Errorf("got %q", got)
	}
}
