package consensus

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
)

// small returns the regression network with the windows that the chains of
// testdata/accepted.txt were grown with.
func small(chain string) *Params {
	c := chaincfg.RegNetParams()
	c.CoinbaseMaturity, c.TicketMaturity, c.StakeEnabledHeight = 2, 2, 4
	c.BlockEnforceNumRequired, c.BlockRejectNumRequired, c.BlockUpgradeNumToCheck = 5, 7, 10
	c.StakeVersionInterval = 10
	p := &Params{ChainParams: c, DCP0005: Never, DCP0009: Never, DCP0011: Never, MinDiffUntil: Never}
	if chain == "early" {
		c.TicketPoolSize, c.TicketExpiry, c.StakeValidationHeight = 16, 24, 34
		c.StakeDiffWindowSize = 200_000
		c.WorkDiffWindowSize, c.WorkDiffWindows = 8, 4
		c.TargetTimespan = 8 * c.TargetTimePerBlock
		return p
	}
	p.DCP0009 = 70
	c.TicketPoolSize, c.TicketExpiry, c.StakeValidationHeight = 4, 12, 10
	c.WorkDiffWindowSize, c.WorkDiffWindows = 200_000, 1
	c.TargetTimespan = 200_000 * c.TargetTimePerBlock
	return p
}

// accepted reads the chains of testdata/accepted.txt. Of the headers only the
// fields are there that rules look at.
func accepted(t *testing.T) map[string]branch {
	chains := make(map[string]branch)
	var name string
	for line := range testLines(t, "testdata/accepted.txt") {
		if n, _ := fmt.Sscanf(line, "chain %s", &name); n == 1 {
			chains[name] = branch{small(name).Genesis()}
			continue
		}
		var height, version, sec, bits, voters, pool, stake uint32
		var sbits int64
		var fresh, revoked uint8
		var state string
		if _, err := fmt.Sscanf(line, "%d %d %d %x %d %d %d %d %d %d %s",
			&height, &version, &sec, &bits, &sbits, &voters, &fresh, &revoked, &pool, &stake, &state); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		var h Header
		h.put32(offHeight, height)
		h.put32(offVersion, version)
		h.put32(offTimestamp, sec)
		h.put32(offBits, bits)
		h.put64(offSBits, sbits)
		h.put16(offVoters, uint16(voters))
		h.put16(offVoteBits, earlyVoteBits)
		h[offFreshStake], h[offRevocations] = fresh, revoked
		h.put32(offPoolSize, pool)
		h.put32(offStakeVersion, stake)
		if _, err := hex.Decode(h[offFinalState:offVoters], []byte(state)); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		chains[name] = append(chains[name], h)
	}
	if len(chains) != 2 {
		t.Fatalf("want two chains, got %d", len(chains))
	}
	return chains
}

// TestAcceptedChainsPass holds that no rule refuses what the reference node
// accepts.
func TestAcceptedChainsPass(t *testing.T) {
	for name, chain := range accepted(t) {
		p := small(name)
		now := after(chain.tip())
		for i := range chain[1:] {
			h := &chain[i+1]
			if err := checkStake(p, h); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := CheckContext(p, chain, h, now); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestAcceptedChainsBoundPoolSize holds how narrow the bounds of the pool size
// are on real chains: exact until tickets can expire and from DCP0009 on.
func TestAcceptedChainsBoundPoolSize(t *testing.T) {
	for name, chain := range accepted(t) {
		p := small(name)
		for i := range chain[1:] {
			parent := Height(i)
			least, most, ok := NextPoolSize(p, chain, parent)
			exact := parent <= Height(p.ChainParams.TicketExpiry) || parent >= p.DCP0009
			if !ok || exact != (least == most) {
				t.Fatalf("%s: after block %d: %d to %d, %v", name, parent, least, most, ok)
			}
			for _, size := range []int64{least - 1, most + 1} {
				if size < 0 {
					continue
				}
				h := chain[parent+1]
				h.put32(offPoolSize, uint32(size))
				wantRule(t, CheckContext(p, chain, &h, after(&h)), RulePoolSize)
			}
		}
	}
}

// wantRule checks that an error names a rule.
func wantRule(t *testing.T, err error, want Rule) {
	t.Helper()
	var broken *RuleError
	if !errors.As(err, &broken) || broken.Rule != want {
		t.Errorf("want rule %q broken, got %v", want, err)
	}
}
