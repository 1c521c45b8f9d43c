package main

import (
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/manual/manualtest"
)

// TestManualHoldsEverything demands every option and every command in it, and
// the date of SOURCE_DATE_EPOCH.
func TestManualHoldsEverything(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	page := strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\(dq`, `"`).Replace(spvctl(t, "", "man").out)
	if !strings.HasPrefix(page, ".TH SPVCTL 1 1970-01-02 ") || !strings.Contains(page, "\n.SH NAME\nspvctl - ") {
		t.Errorf("the page begins with %.80q", page)
	}
	words := strings.Join(strings.Fields(page), " ")
	for _, name := range optionNames() {
		if name != "--help" && !strings.Contains(page, name) {
			t.Errorf("there is no %s", name)
		}
	}
	for _, c := range commands() {
		if !strings.Contains(page, `.SS "`+c.synopsis+`"`) || !strings.Contains(words, " "+c.summary+" ") {
			t.Errorf("there is no %s", c.name)
		}
	}
	for _, section := range []string{"EXIT STATUS", "FILES", "EXAMPLES"} {
		if !strings.Contains(page, "\n.SH "+section+"\n") {
			t.Errorf("there is no section %s", section)
		}
	}
}

// TestManualIsReadable has the page judged by what shows it.
func TestManualIsReadable(t *testing.T) { manualtest.Judge(t, spvctl(t, "", "man").out) }
