package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

func TestCompletionWords(t *testing.T) {
	got := spvctl(t, "", append(daemon(t, rpctest.NewOffline(t).Registry), "completion", "words")...)
	words := strings.Fields(got.out)
	for _, want := range []string{"status", "peers", "doctor", "getblockhash", "subscribe"} {
		if !slices.Contains(words, want) {
			t.Errorf("%s is not completed: %+v", want, got)
		}
	}
	if got := spvctl(t, "", "--appdata", t.TempDir(), "completion", "words"); got.code != 0 || !strings.HasPrefix(got.out, "status\n") || got.err != "" {
		t.Errorf("without a daemon: %+v", got)
	}
}

// TestBashCompletes runs the script where there is a bash.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	script := spvctl(t, "", "completion", "bash").out
	for line, want := range map[string]string{
		"spvctl sta":                         "status",
		"spvctl --appdata status --notls pe": "peers",
		"spvctl status --w":                  "--watch",
		"spvctl --appd":                      "--appdata",
		"spvctl completion z":                "zsh",
		"spvctl help do":                     "doctor",
		"spvctl --testnet status --f":        "--forever",
	} {
		words := strings.Fields(line)
		test := script + `
spvctl() { printf 'status\npeers\ndoctor\n'; }
COMP_WORDS=(` + strings.Join(words, " ") + `)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_spvctl
echo "${COMPREPLY[*]}"`
		out, err := exec.CommandContext(t.Context(), bash, "-u", "-c", test).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s completes to %q, %v; want %s", line, out, err, want)
		}
	}
}

// TestEveryFlagIsCompleted compares the words of completion with what the
// commands say about themselves.
func TestEveryFlagIsCompleted(t *testing.T) {
	fish := spvctl(t, "", "completion", "fish").out
	for _, c := range commands() {
		for word := range strings.FieldsSeq(c.help) {
			if strings.HasPrefix(word, "--") && !slices.Contains(c.flags, word) {
				t.Errorf("%s does not complete %s", c.name, word)
			}
		}
		for _, flag := range c.flags {
			if !strings.Contains(c.help, "  "+flag+" ") {
				t.Errorf("%s does not describe %s", c.name, flag)
			}
			if !strings.Contains(fish, "from "+c.name+"' -l "+strings.TrimPrefix(flag, "--")+"\n") {
				t.Errorf("fish does not complete %s %s", c.name, flag)
			}
		}
	}
	for _, name := range optionNames() {
		if name != "--help" && !strings.Contains(fish, "complete -c spvctl -l "+strings.TrimPrefix(name, "--")+" -d ") {
			t.Errorf("fish does not complete %s", name)
		}
	}
}

func TestCompletionUsage(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"man", "x"}} {
		if got := spvctl(t, "", args...); got.code != exitUsage {
			t.Errorf("%q gave %+v", args, got)
		}
	}
	if got := spvctl(t, "", "completion", "zsh"); !strings.HasPrefix(got.out, "autoload -U +X bashcompinit") {
		t.Errorf("zsh gave %+v", got)
	}
}
