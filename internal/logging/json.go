package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/safetext"
)

// subsystemKey is the key of the subsystem in a JSON record. The keys of time,
// level and message are those of log/slog.
const subsystemKey = "subsystem"

// newJSON returns a handler that writes records of any level as JSON.
func newJSON(out io.Writer) slog.Handler {
	return slog.NewJSONHandler(out, &slog.HandlerOptions{Level: LevelTrace, ReplaceAttr: forPrograms})
}

// forPrograms replaces levels by their names in the settings, and durations by seconds.
func forPrograms(groups []string, a slog.Attr) slog.Attr {
	if level, ok := a.Value.Any().(slog.Level); ok && a.Key == slog.LevelKey && len(groups) == 0 {
		return slog.String(slog.LevelKey, levelName(level))
	}
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key, float64(a.Value.Duration())/float64(time.Second))
	}
	return hideKeys(a)
}

// hideKeys removes private keys from a value that is text.
func hideKeys(a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(safetext.HideKeys(v))
	case error:
		a.Value = slog.StringValue(safetext.HideKeys(v.Error()))
	case fmt.Stringer:
		if s := v.String(); safetext.HideKeys(s) != s {
			a.Value = slog.StringValue(safetext.HideKeys(s))
		}
	}
	return a
}

// levelName returns the name of the nearest level that is not above.
func levelName(l slog.Level) string {
	name := "trace"
	for _, named := range levelNames() {
		if at, _ := parseLevel(named); l >= at {
			name = named
		}
	}
	return name
}

// levelled passes on the records of one subsystem from its level upwards.
type levelled struct {
	slog.Handler
	level     *slog.LevelVar
	limits    *limiter
	subsystem string
}

// Handle implements slog.Handler.
func (h *levelled) Handle(ctx context.Context, r slog.Record) error {
	ok, hidden := h.limits.allow(h.subsystem, &r)
	if !ok {
		return nil
	}
	if hidden > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int(hiddenKey, hidden))
	}
	return h.Handler.Handle(ctx, r)
}

// Enabled implements slog.Handler.
func (h *levelled) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithAttrs implements slog.Handler.
func (h *levelled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &levelled{h.Handler.WithAttrs(attrs), h.level, h.limits, h.subsystem}
}

// WithGroup implements slog.Handler.
func (h *levelled) WithGroup(name string) slog.Handler {
	return &levelled{h.Handler.WithGroup(name), h.level, h.limits, h.subsystem}
}
