package manual

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/version"
)

// Page is a manual page that is being written. The zero value is of no use.
type Page struct {
	b strings.Builder // whole lines
}

// New begins a page: its name, its section of the manual, and what follows its name in the
// section NAME. The environment variable SOURCE_DATE_EPOCH sets its date.
func New(name string, section int, summary string) *Page {
	p := &Page{}
	title := "User Commands"
	if section == 5 {
		title = "File Formats"
	}
	fmt.Fprintf(&p.b, ".TH %s %d %s \"spvd %s\" \"%s\"\n", escape(strings.ToUpper(name)), section, date().Format("2006-01-02"), version.Number(), title)
	p.Section("NAME")
	fmt.Fprintf(&p.b, "%s \\- %s\n", escape(name), escape(summary))
	return p
}

// date returns the date of the page.
func date() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Now()
}

// WriteTo writes the page.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.b.String())
	return int64(n), err
}

// Section begins a section.
func (p *Page) Section(title string) { fmt.Fprintf(&p.b, ".SH %s\n", escape(title)) }

// Subsection begins a part of a section. Its title is set as it is.
func (p *Page) Subsection(title string) { fmt.Fprintf(&p.b, ".SS %s\n", quote(title)) }

// Text writes paragraphs, which empty lines separate.
func (p *Page) Text(paragraphs string) {
	for text := range strings.SplitSeq(strings.TrimSpace(paragraphs), "\n\n") {
		p.paragraph()
		p.fill(text)
	}
}

// paragraph begins a paragraph, which the first one of a section does by itself.
func (p *Page) paragraph() {
	lines := strings.Split(p.b.String(), "\n")
	if last := lines[len(lines)-2]; !strings.HasPrefix(last, ".SH ") && !strings.HasPrefix(last, ".SS ") {
		p.b.WriteString(".PP\n")
	}
}

// Entry writes a term in bold, and what it means.
func (p *Page) Entry(term, text string) {
	fmt.Fprintf(&p.b, ".TP\n.B %s\n", quote(term))
	p.fill(text)
}

// sourceWidth is the width of the lines of the page itself.
const sourceWidth = 80

// fill writes the words of a text in lines, which troff fills again.
func (p *Page) fill(text string) {
	l := ""
	for word := range strings.FieldsSeq(text) {
		if l != "" && len(line(l+" "+word)) > sourceWidth {
			p.b.WriteString(line(l) + "\n")
			l = ""
		}
		l = strings.TrimSpace(l + " " + word)
	}
	p.b.WriteString(line(l) + "\n")
}

// Example writes what an example does, and its lines as they are.
func (p *Page) Example(text, lines string) {
	p.Text(text)
	p.literal(lines)
}

// literal writes lines as they are.
func (p *Page) literal(lines string) {
	p.paragraph()
	p.b.WriteString(".RS 4\n.nf\n")
	for l := range strings.SplitSeq(lines, "\n") {
		p.b.WriteString(line(l) + "\n")
	}
	p.b.WriteString(".fi\n.RE\n")
}

// Options writes the options that --help shows, with their defaults.
func (p *Page) Options(options []*flags.Option) {
	for _, o := range options {
		if o.Hidden {
			continue
		}
		term := "--" + o.LongName
		if o.ShortName != 0 {
			term = "-" + string(o.ShortName) + ", " + term
		}
		if o.ValueName != "" {
			term += "=" + o.ValueName
		}
		p.Entry(term, Described(o))
	}
}

// Described returns the description of an option, with its default if that says none and
// there is one that does not depend on the machine.
func Described(o *flags.Option) string {
	v := reflect.ValueOf(o.Value())
	if v.Kind() == reflect.Slice && v.Len() == 1 {
		v = v.Index(0)
	}
	text := ""
	switch {
	case strings.Contains(o.Description, "(default") || v.Kind() == reflect.Func || v.Kind() == reflect.Bool || v.Kind() == reflect.Slice || v.Kind() == reflect.Pointer || v.IsZero():
	default:
		text = fmt.Sprint(v)
	}
	if text == "" || strings.ContainsAny(text, `/\`) {
		return o.Description + "."
	}
	return fmt.Sprintf("%s (default: %s).", o.Description, text)
}

// Help writes the description of a command as a terminal shows it: paragraphs, and behind two
// spaces terms with what they mean, which two or more spaces separate from them.
func (p *Page) Help(text string) {
	for block := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		switch {
		case block == "":
			continue
		case !strings.HasPrefix(block, "  "):
			p.Text(block)
			continue
		}
		var term, meaning string
		for l := range strings.SplitSeq(block, "\n") {
			if strings.HasPrefix(l, "   ") { // of the meaning above
				meaning += l
				continue
			}
			p.term(term, meaning)
			term, meaning, _ = strings.Cut(l[2:], "  ")
		}
		p.term(term, meaning)
	}
}

// term writes an entry, or a lone line as it is.
func (p *Page) term(term, meaning string) {
	switch {
	case term == "":
	case meaning == "":
		p.literal(term)
	default:
		p.Entry(term, meaning)
	}
}

// escape returns text in which troff sees no escapes, and typists' quotes and dashes.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "…", "...", "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}

// quote returns text as one argument of a macro.
func quote(s string) string { return `"` + strings.ReplaceAll(escape(s), `"`, `\(dq`) + `"` }

// line returns text as a line that troff does not take for a macro.
func line(s string) string {
	s = escape(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
