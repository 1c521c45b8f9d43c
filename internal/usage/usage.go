package usage

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/jessevdk/go-flags"
)

// badValue is the error of go-flags for a value that has not the type of its flag.
var badValue = regexp.MustCompile(`^invalid argument for flag .([^']+)' \(expected \*?([\w.]+)\): (.*)$`)

// Explain returns an error of a parser in words: what a flag expects, and for an unknown one which was
// likely meant. Other errors are returned as they are.
func Explain(err error, p *flags.Parser) error {
	var failed *flags.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Type {
	case flags.ErrUnknownFlag:
		return &flags.Error{Type: failed.Type, Message: unknownFlag(failed.Message, p)}
	case flags.ErrMarshal:
		if m := badValue.FindStringSubmatch(failed.Message); m != nil {
			return &flags.Error{Type: failed.Type, Message: fmt.Sprintf("%s: %sis not %s", longest(m[1]), quoted(m[3]), expected(m[2]))}
		}
	}
	return err
}

// ExplainLine returns an error of a line of a file with settings in words.
func ExplainLine(at *flags.IniError, content []byte, p *flags.Parser) string {
	lines := strings.Split(string(content), "\n")
	if at.LineNumber == 0 || int(at.LineNumber) > len(lines) || !strings.HasPrefix(at.Message, "strconv.") && !strings.HasPrefix(at.Message, "time: ") {
		return at.Message
	}
	key, _, _ := strings.Cut(lines[at.LineNumber-1], "=")
	key = strings.TrimSpace(key)
	opt := p.FindOptionByLongName(key)
	if opt == nil {
		return at.Message
	}
	return fmt.Sprintf("%s: %sis not %s", key, quoted(at.Message), expected(strings.TrimPrefix(reflect.TypeOf(opt.Value()).String(), "*")))
}

// unknownFlag returns the message for a flag that no option has.
func unknownFlag(message string, p *flags.Parser) string {
	_, name, _ := strings.Cut(message, "`")
	name, _, _ = strings.Cut(name, "'")
	dashes := "--"
	if len(name) == 1 {
		dashes = "-"
	}
	return "there is no flag " + dashes + name + DidYouMean("--", name, Flags(p))
}

// Flags returns the long names of the options of a parser.
func Flags(p *flags.Parser) (names []string) {
	for _, g := range p.Groups() {
		names = append(names, flagsOf(g)...)
	}
	return names
}

func flagsOf(g *flags.Group) (names []string) {
	for _, o := range g.Options() {
		if !o.Hidden && o.LongName != "" {
			names = append(names, o.LongName)
		}
	}
	for _, inner := range g.Groups() {
		names = append(names, flagsOf(inner)...)
	}
	return names
}

// longest returns the long form of "-x, --long".
func longest(names string) string {
	if _, long, ok := strings.Cut(names, ", "); ok {
		return long
	}
	return names
}

// quoted returns the value that a parse error repeats, in quotes and with a space; nothing if it does
// not.
func quoted(cause string) string {
	if begin, end := strings.IndexByte(cause, '"'), strings.LastIndexByte(cause, '"'); begin >= 0 && end > begin {
		return cause[begin:end+1] + " "
	}
	return ""
}

// expected describes the values of a type of Go.
func expected(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case kind == "time.Duration":
		return "a duration like 30s, 10m or 2h"
	case strings.HasPrefix(kind, "uint"):
		return "a whole number that is not negative, or it is too large"
	case strings.HasPrefix(kind, "int"):
		return "a whole number, or it is too large"
	}
	return "a " + kind
}

// DidYouMean returns ": did you mean …?" with the name that is nearest to a word, behind a prefix;
// nothing if none is near.
func DidYouMean(prefix, word string, names []string) string {
	if best := nearest(word, names); best != "" {
		return ": did you mean " + prefix + best + "?"
	}
	return ""
}

// nearest returns the name that the fewest changes of letters lead to, at most one change for three
// letters.
func nearest(word string, names []string) (best string) {
	least := max(1, len(word)/3) + 1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance returns how many letters have to be inserted, deleted, replaced or swapped with the next
// one to make one word of another.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Count returns a number with a noun, in the plural unless it is one.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
