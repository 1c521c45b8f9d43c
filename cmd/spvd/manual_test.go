package main

import (
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/manual/manualtest"
)

// TestManuals demands every option in spvd(1) and every setting in spvd.conf(5), with its
// default, and has both judged by what shows them.
func TestManuals(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	options := newParser(defaultConfig()).Group.Find(optionGroup).Options()
	for _, page := range []struct {
		args  []string
		begin string
		holds []string
	}{
		{[]string{"--manpage"}, ".TH SPVD 1 1970-01-02 ", []string{"\n.SH EXIT STATUS\n", "\n.SH FILES\n", "\n.SH EXAMPLES\n", "(default: info).\n"}},
		{[]string{"--manpage=5"}, ".TH SPVD.CONF 5 1970-01-02 ", []string{"\n.SH FILES\n", "\n.SH EXAMPLES\n", "(default: 64).\n"}},
	} {
		code, text, stderr := runOnce(t, page.args...)
		if code != exitClean || stderr != "" || !strings.HasPrefix(text, page.begin) {
			t.Fatalf("%v: exit code %d, %s, begins with %.80s", page.args, code, stderr, text)
		}
		plain := strings.ReplaceAll(text, `\-`, "-")
		for _, want := range page.holds {
			if !strings.Contains(plain, want) {
				t.Errorf("%v lacks %q", page.args, want)
			}
		}
		for _, o := range options {
			entry := "--" + o.LongName
			if page.begin[4:13] == "SPVD.CONF" {
				entry = `"` + o.LongName + " = "
				if o.Field().Tag.Get("no-ini") != "" {
					continue
				}
			}
			if !o.Hidden && !strings.Contains(plain, entry) {
				t.Errorf("%v lacks %s", page.args, entry)
			}
		}
		manualtest.Judge(t, text)
	}
	if code, _, stderr := runOnce(t, "--manpage=3"); code != exitUsage || !strings.Contains(stderr, "spvd.conf(5)") {
		t.Errorf("a page that there is not: exit code %d, %s", code, stderr)
	}
}
