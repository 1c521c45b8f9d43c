package usage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/usage"
)

func TestExplain(t *testing.T) {
	var opts struct {
		Depth   int           `long:"depth" short:"d"`
		Count   *uint         `long:"count"`
		Wait    time.Duration `long:"wait"`
		On      bool          `long:"on"`
		TestNet bool          `long:"testnet"`
		Secret  string        `long:"secret" hidden:"yes"`
	}
	for line, want := range map[string]string{
		"--depth=x": `--depth: "x" is not a whole number`, "-d x": `--depth: "x" is not a whole number`,
		"--count=-1": `--count: "-1" is not a whole number that is not negative`, "--wait=5": `--wait: "5" is not a duration like 30s`,
		"--on=maybe": `--on: "maybe" is not true or false`, "--testnt": "there is no flag --testnt: did you mean --testnet?",
		"--tsetnet": "did you mean --testnet?", "--zzzzz": "there is no flag --zzzzz", "--secre": "there is no flag --secre", "-z": "there is no flag -z",
	} {
		p := flags.NewParser(&opts, flags.AllowBoolValues)
		_, err := p.ParseArgs(strings.Fields(line))
		err = usage.Explain(err, p)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "strconv") {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
		if !strings.Contains(want, "?") && strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	names := []string{"status", "balance", "utxo", "tx"}
	for word, want := range map[string]string{"statsu": "status", "balanc": "balance", "utox": "utxo", "ttx": "tx", "getblock": "", "stop": "", "": ""} {
		got := usage.DidYouMean("spvctl ", word, names)
		if want != "" {
			want = ": did you mean spvctl " + want + "?"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 blocks", 1: "1 block", 2: "2 blocks"} {
		if got := usage.Count(n, "block"); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
