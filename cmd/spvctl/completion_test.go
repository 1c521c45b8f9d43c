package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// completed returns the words, without descriptions, that complete a line.
func completed(t *testing.T, options []string, line ...string) (words []string) {
	t.Helper()
	got := spvctl(t, "", append(append([]string{"completion", "words"}, append(options, line...)...), ".")...)
	if got.code != 0 || got.err != "" {
		t.Errorf("%q: %+v", line, got)
	}
	for l := range strings.Lines(got.out) {
		word, _, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "\t")
		words = append(words, word)
	}
	return words
}

// TestCompletionWords completes lines with a daemon that answers, and with none.
func TestCompletionWords(t *testing.T) {
	r := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 2, Xpub: rpctest.NewOwner(t, 1).Xpub()})
	running, away := daemon(t, r.Registry), []string{"--appdata", t.TempDir()}
	for _, test := range []struct {
		line string // its last word is completed
		want []string
		away bool // the answer is the same without a daemon
	}{
		{"sta", []string{"status"}, true},
		{"getblockh", []string{"getblockhash", "getblockheader"}, false},
		{"--appd", []string{"--appdata"}, true},
		{"--he", []string{"--help"}, true},
		{"--appdata ", nil, true},
		{"--testnet pe", []string{"peers"}, true},
		{"status --w", []string{"--watch"}, true},
		{"status --help", []string{"--help"}, true},
		{"completion z", []string{"zsh"}, true},
		{"help do", []string{"doctor"}, true},
		{"job c", []string{"cancel"}, true},
		{"account re", []string{"rename"}, true},
		{"account rename ", []string{"default"}, false},
		{"account import ", nil, true},
		{"balance ", []string{"default"}, false},
		{"tx build --account ", []string{"default"}, false},
		{"-w ", []string{"default"}, false},
		{"--wallet = d", []string{"default"}, false},
		{"wallet unload ", []string{"default"}, false},
	} {
		words := strings.Split(test.line, " ")
		if got := completed(t, running, words...); !slices.Equal(got, test.want) {
			t.Errorf("%q is completed to %q, want %q", test.line, got, test.want)
		}
		want := test.want
		if !test.away {
			want = nil
		}
		if got := completed(t, away, words...); !slices.Equal(got, want) {
			t.Errorf("without a daemon %q is completed to %q, want %q", test.line, got, want)
		}
	}
}

// TestShellsComplete has each shell that is installed run its script, with a stub of spvctl that
// prints what it was asked.
func TestShellsComplete(t *testing.T) {
	dir := t.TempDir()
	stub := "#!/bin/sh\nif [ \"$4\" = FILE ]; then exit; fi\nprintf '%s\\tdescribed\\n' \"two words\" \"$#:$*\"\n"
	if err := os.WriteFile(filepath.Join(dir, "spvctl"), []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for shell, test := range map[string]struct{ ask, want string }{
		"bash": {"COMP_WORDS=(spvctl -w x ''); COMP_CWORD=3; _spvctl; printf '%s\\n' \"${COMPREPLY[@]}\"", "two\\ words\n6:completion\\ words\\ -w\\ x\\ \\ .\n"},
		"zsh": {"compadd() { print -l -- \"$names[@]\"; print -l -- \"$texts[1]\" }; words=(spvctl -w x ''); CURRENT=4; _spvctl",
			"two words\n6:completion words -w x  .\ntwo words -- described\n"},
		"fish": {"complete -C 'spvctl -w x '", "two words\tdescribed\n6:completion words -w x  .\tdescribed\n"},
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			script := spvctl(t, "", "completion", shell).out + test.ask
			args := []string{"-c", script}
			if shell == "zsh" {
				args = []string{"-f", "-c", "compdef() { : }\n" + script}
			}
			cmd := exec.CommandContext(t.Context(), path, args...)
			cmd.Env = append(os.Environ(), "HOME="+dir)
			out, err := cmd.CombinedOutput()
			if got := sortedLines(string(out)); err != nil || got != sortedLines(test.want) {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, test.want)
			}
		})
	}
}

// sortedLines returns the lines of a text, sorted: fish sorts what it completes.
func sortedLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// TestEveryFlagIsCompleted compares the words of completion with what the
// commands say about themselves.
func TestEveryFlagIsCompleted(t *testing.T) {
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
		}
	}
}

func TestCompletionUsage(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"man", "x"}} {
		if got := spvctl(t, "", args...); got.code != exitUsage {
			t.Errorf("%q gave %+v", args, got)
		}
	}
	if got := spvctl(t, "", "completion", "zsh"); !strings.HasPrefix(got.out, "#compdef spvctl\n") {
		t.Errorf("zsh gave %+v", got)
	}
}
