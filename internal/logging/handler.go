package logging

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spvd/spvd/internal/safetext"
)

// timeLayout is the time of a line, in the local zone.
const timeLayout = "2006-01-02 15:04:05.000"

// handler formats the records of one subsystem. It is immutable.
type handler struct {
	log       *Log
	subsystem string
	level     *slog.LevelVar
	group     string // prefix of further keys: open groups, each with a dot
	attrs     string // formatted attributes that every record carries
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	ok, hidden := h.log.limits.allow(h.subsystem, &r)
	if !ok {
		return nil
	}
	return h.log.write(func(b []byte) []byte {
		if !r.Time.IsZero() {
			b = r.Time.AppendFormat(b, timeLayout)
			b = append(b, ' ')
		}
		b = append(b, '[')
		b = append(b, tag(r.Level)...)
		b = append(b, "] "...)
		b = append(b, h.subsystem...)
		b = append(b, ": "...)
		b = appendPrintable(b, safetext.HideKeys(r.Message))
		b = append(b, h.attrs...)
		r.Attrs(func(a slog.Attr) bool {
			b = appendAttr(b, h.group, a)
			return true
		})
		if hidden > 0 {
			b = appendAttr(b, "", slog.Int(hiddenKey, hidden))
		}
		return b
	})
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b []byte
	for _, a := range attrs {
		b = appendAttr(b, h.group, a)
	}
	h2 := *h
	h2.attrs += string(b)
	return &h2
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := *h
	h2.group += name + "."
	return &h2
}

// appendAttr appends " key=value", or the same for each member of a group. It appends nothing
// for an attribute without key and value, or an empty group.
func appendAttr(b []byte, group string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() != slog.KindGroup {
		return b
	}
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, m := range v.Group() {
			b = appendAttr(b, group, m)
		}
		return b
	}
	b = append(b, ' ')
	b = appendPrintable(b, group)
	b = appendPrintable(b, a.Key)
	b = append(b, '=')
	return appendValue(b, v)
}

func appendValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().AppendFormat(b, time.RFC3339)
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	default:
		return appendText(b, v.String())
	}
}

func appendText(b []byte, s string) []byte {
	s = safetext.HideKeys(s)
	if s == "" || strings.ContainsFunc(s, needsQuotes) {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}

// needsQuotes reports whether a value with this rune would be ambiguous.
func needsQuotes(r rune) bool {
	return r == ' ' || r == '=' || r == '"' || !unicode.IsPrint(r)
}

// appendPrintable appends text with every character escaped that could break the line or
// control a terminal.
func appendPrintable(b []byte, s string) []byte { return append(b, safetext.Escape(s, "")...) }
