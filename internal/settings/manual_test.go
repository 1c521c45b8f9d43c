package settings

import (
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/manual/manualtest"
)

// TestManuals demands every option in spvd(1) and every setting in spvd.conf(5), with its
// default, and has both judged by what shows them.
func TestManuals(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	options := newParser(Default()).Group.Find(optionGroup).Options()
	for _, page := range []struct {
		args  []string
		begin string
		holds []string
	}{
		{[]string{"--manpage"}, ".TH SPVD 1 1970-01-02 ", []string{"\n.SH EXIT STATUS\n", "\n.SH FILES\n", "\n.SH EXAMPLES\n", "(default: info).\n"}},
		{[]string{"--manpage=5"}, ".TH SPVD.CONF 5 1970-01-02 ", []string{"\n.SH FILES\n", "\n.SH EXAMPLES\n", "(default: 64).\n"}},
	} {
		cfg, err := load(t, "", nil, page.args...)
		if err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		err = WriteManual(&shown, cfg.ManPage)
		text := shown.String()
		if err != nil || !strings.HasPrefix(text, page.begin) {
			t.Fatalf("%v: %v, begins with %.80s", page.args, err, text)
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
	if _, err := load(t, "", nil, "--manpage=3"); err == nil || !strings.Contains(err.Error(), "spvd.conf(5)") {
		t.Errorf("a page that there is not: %v", err)
	}
}
