package settings

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestShellsComplete has each shell that is installed run its script.
func TestShellsComplete(t *testing.T) {
	for _, test := range []struct{ shell, ask, want string }{
		{"bash", "COMP_WORDS=(spvd --logform); COMP_CWORD=1; _spvd; echo ${COMPREPLY[*]}", "--logformat\n"},
		{"bash", "COMP_WORDS=(spvd --testnet --logformat = j); COMP_CWORD=4; _spvd; echo ${COMPREPLY[*]}", "json\n"},
		{"bash", "COMP_WORDS=(spvd -d ''); COMP_CWORD=2; _spvd; echo ${COMPREPLY[0]}", "trace\n"},
		{"bash", "COMP_WORDS=(spvd --appdata ''); COMP_CWORD=2; _spvd; echo ${#COMPREPLY[@]}", "0\n"},
		{"zsh", "_arguments() { print -rl -- \"${(@M)argv:#*--until=*}\" \"${(@M)argv:#*--configfile=*}\" }; _spvd",
			"*--until=[Run until headers, filters and wallet are at the tip, then stop with exit code 0]:synced:(synced)\n" +
				"*--configfile=[Configuration file (default\\: spvd.conf in the data directory)]:FILE:_files\n"},
		{"fish", "complete -C 'spvd --logform' | string split -f1 \\t", "--logformat\n"},
		{"fish", "complete -C 'spvd --logformat j' | string split -f1 \\t", "json\n"},
	} {
		t.Run(test.shell+" "+test.want, func(t *testing.T) {
			path, err := exec.LookPath(test.shell)
			if err != nil {
				t.Skipf("%s is not installed", test.shell)
			}
			script := completion(t, test.shell)
			args := []string{"-c", script + test.ask}
			if test.shell == "zsh" {
				args = []string{"-f", "-c", "compdef() { : }\n" + script + test.ask}
			}
			cmd := exec.CommandContext(t.Context(), path, args...)
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != test.want {
				t.Errorf("%v, got\n%s\nwant\n%s", err, out, test.want)
			}
		})
	}
	for _, shell := range shells() {
		script := completion(t, shell)
		for _, o := range newParser(Default()).Group.Find(optionGroup).Options() {
			if !o.Hidden && !strings.Contains(script, o.LongName) {
				t.Errorf("%s does not complete --%s", shell, o.LongName)
			}
		}
	}
	if _, err := load(t, "", nil, "--completion=tcsh"); err == nil || !strings.Contains(err.Error(), "bash, zsh, fish") {
		t.Errorf("for a shell without a script: %v", err)
	}
}

// completion returns the script of a shell.
func completion(t *testing.T, shell string) string {
	t.Helper()
	cfg, err := load(t, "", nil, "--completion", shell)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	if err := WriteCompletion(&script, cfg.Completion); err != nil {
		t.Fatal(err)
	}
	return script.String()
}
