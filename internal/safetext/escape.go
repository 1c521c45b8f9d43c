package safetext

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Harmful reports whether a character can control a terminal or show other text than is
// written: control characters (Cc), format characters, which change the direction of writing
// or have no width (Cf), separators of lines and paragraphs, and those without a standard
// meaning (private use, surrogates, unassigned). Line feed and tabulator are harmful too.
func Harmful(r rune) bool { return !unicode.IsPrint(r) }

// Escape returns text with harmful characters written as in a Go string, except those in
// except.
func Escape(s string, except string) string {
	harmful := func(r rune) bool { return Harmful(r) && !strings.ContainsRune(except, r) }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, harmful) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !harmful(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// EscapeJSON appends JSON to a buffer with harmful characters written as \u escapes,
// which means the same where JSON may have any: in strings. What is between values
// stays as it is.
func EscapeJSON(buf, json []byte) []byte {
	for len(json) > 0 {
		r, size := utf8.DecodeRune(json)
		switch {
		case r < utf8.RuneSelf && r != 0x7f, !Harmful(r) && r != utf8.RuneError:
			buf = append(buf, json[:size]...)
		case r > 0xffff:
			r -= 0x10000
			buf = appendUnicode(appendUnicode(buf, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			buf = appendUnicode(buf, r)
		}
		json = json[size:]
	}
	return buf
}

func appendUnicode(buf []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(buf, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// JSONWriter returns a writer that passes its input through EscapeJSON. Each call has to end
// between two characters.
func JSONWriter(w io.Writer) io.Writer { return jsonWriter{w} }

// Terminal returns a writer for a terminal that escapes all harmful characters but line feeds
// and tabulators, as JSON does. Each call has to end between two characters.
func Terminal(w io.Writer) io.Writer { return terminal{w} }

type terminal struct{ io.Writer }

func (w terminal) Write(p []byte) (int, error) {
	safe := EscapeJSON(make([]byte, 0, len(p)), p)
	out := make([]byte, 0, len(safe))
	for _, c := range safe {
		if c < ' ' && c != '\n' && c != '\t' {
			out = appendUnicode(out, rune(c))
			continue
		}
		out = append(out, c)
	}
	if _, err := w.Writer.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

type jsonWriter struct{ io.Writer }

func (w jsonWriter) Write(p []byte) (int, error) {
	if _, err := w.Writer.Write(EscapeJSON(make([]byte, 0, len(p)), p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
