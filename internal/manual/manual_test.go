package manual

import (
	"strings"
	"testing"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/manual/manualtest"
)

// page writes everything that a page can have, with words that troff would take for its own.
func page(t *testing.T) string {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	var opts struct {
		File    string `short:"f" long:"file" value-name:"FILE" description:"A file, with a text that is too long for a line of 80 columns and so has to be filled"`
		Count   int    `long:"count" value-name:"N" description:"How many"`
		Verbose bool   `long:"verbose" description:"Say more (default: less)"`
		Hidden  bool   `long:"hidden" hidden:"yes"`
	}
	opts.Count = 3
	g, err := flags.NewNamedParser("x", 0).AddGroup("Options", "", &opts)
	if err != nil {
		t.Fatal(err)
	}
	p := New("spvd-x", 1, "a page - of a test")
	p.Section("DESCRIPTION")
	p.Text("One 'quoted' back\\slash.\n\n.TH is no macro here, and ~/.spvd is a directory…")
	p.Options(g.Options())
	p.Section("COMMANDS")
	p.Subsection(`label ADDRESS ""`)
	p.Help("\n  spvd-x > file\n\nA paragraph.\n\n  one            the first\n                 of two\n  a long term    'the' second\n\nThe end.\n")
	p.Example("Do this:", ".hidden --flag\n'x'")
	var b strings.Builder
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	got := page(t)
	for _, want := range []string{
		".TH SPVD\\-X 1 1970-01-02 \"spvd ", "spvd\\-x \\- a page \\- of a test\n",
		"One \\(aqquoted\\(aq back\\eslash.\n.PP\n\\&.TH is no macro here, and \\(ti/.spvd is a directory...\n",
		".TP\n.B \"\\-f, \\-\\-file=FILE\"\nA file, ", ".TP\n.B \"\\-\\-count=N\"\nHow many (default: 3).\n",
		".B \"\\-\\-verbose\"\nSay more (default: less).\n", ".SS \"label ADDRESS \\(dq\\(dq\"\n",
		".SS \"label ADDRESS \\(dq\\(dq\"\n.RS 4\n.nf\nspvd\\-x > file\n.fi\n", ".PP\nA paragraph.\n", ".B \"one\"\nthe first of two\n.TP\n.B \"a long term\"\n\\(aqthe\\(aq second\n", ".PP\nThe end.\n",
		"Do this:\n.PP\n.RS 4\n.nf\n\\&.hidden \\-\\-flag\n\\(aqx\\(aq\n.fi\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if strings.Contains(got, "hidden\n") {
		t.Error("it shows a hidden option")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// TestPageIsReadable has the page judged where mandoc or man is installed.
func TestPageIsReadable(t *testing.T) { manualtest.Judge(t, page(t)) }
