package manualtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// Judge fails unless mandoc finds nothing to complain of in a page, and no line of what mandoc
// and man show in 80 columns is longer. What is not installed does not judge.
func Judge(t *testing.T, page string) {
	t.Helper()
	section := strings.Fields(page)[2] // .TH NAME SECTION
	file := filepath.Join(t.TempDir(), "page."+section)
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MANWIDTH", "80")
	judged := false
	for _, words := range [][]string{{"mandoc", "-T", "lint"}, {"mandoc", "-T", "utf8", "-O", "width=78"}, {"man", "-l"}} {
		if _, err := exec.LookPath(words[0]); err != nil {
			continue
		}
		judged = true
		out, err := exec.CommandContext(t.Context(), words[0], append(words[1:], file)...).CombinedOutput()
		if err != nil || words[len(words)-1] == "lint" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", strings.Join(words, " "), err, out)
			continue
		}
		for line := range strings.Lines(shown(string(out))) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: a line of %d columns: %s", strings.Join(words, " "), n, line)
			}
		}
	}
	if !judged {
		t.Skip("neither mandoc nor man is installed")
	}
}

// overstrikes and escapes make text bold on a terminal.
var (
	overstrikes = regexp.MustCompile(".\b")
	escapes     = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// shown returns what a terminal shows of the text.
func shown(text string) string {
	return escapes.ReplaceAllString(overstrikes.ReplaceAllString(text, ""), "")
}
