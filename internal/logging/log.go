package logging

import (
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/spvd/spvd/internal/safetext"
)

// Format is the form in which records are written.
type Format string

// The formats.
const (
	Text Format = "text" // lines for people, as Decred's daemons write them
	JSON Format = "json" // one object per line, for programs
)

// CheckFormat returns an error, for the user, if a format does not exist.
func CheckFormat(f Format) error {
	if f != Text && f != JSON {
		return fmt.Errorf("unknown log format %q, use %s or %s", string(f), Text, JSON)
	}
	return nil
}

// Log writes the records of a fixed list of subsystems to one writer. It may
// be used from any goroutine.
type Log struct {
	names  []string
	levels []*slog.LevelVar // by the index of the name

	json   slog.Handler // writes records; nil for text
	limits limiter

	mu  sync.Mutex // guards out and buf
	out io.Writer
	buf []byte
}

// New returns a log whose subsystems all are at level info. The writer gets
// one call per line. Anything but JSON means Text.
func New(out io.Writer, format Format, subsystems ...string) *Log {
	l := &Log{names: subsystems, out: out}
	if format == JSON {
		l.json = newJSON(safetext.JSONWriter(out))
	}
	for range subsystems {
		l.levels = append(l.levels, new(slog.LevelVar))
	}
	return l
}

// Logger returns the logger of a subsystem. It panics if New was not given the subsystem.
func (l *Log) Logger(subsystem string) *slog.Logger {
	for i, name := range l.names {
		switch {
		case name != subsystem:
		case l.json != nil:
			tagged := l.json.WithAttrs([]slog.Attr{slog.String(subsystemKey, name)})
			return slog.New(&levelled{Handler: tagged, level: l.levels[i], limits: &l.limits, subsystem: name})
		default:
			return slog.New(&handler{log: l, subsystem: name, level: l.levels[i]})
		}
	}
	panic("logging: no subsystem " + subsystem)
}

// Subsystems returns the names of the subsystems.
func (l *Log) Subsystems() []string { return append([]string(nil), l.names...) }

// SetLevels sets levels: one for all subsystems, or SUBSYSTEM=level for one, separated by
// commas and applied in order. On an error, which is for the user, nothing has changed.
func (l *Log) SetLevels(spec string) error {
	settings, err := parseLevels(spec, l.names)
	if err != nil {
		return err
	}
	for _, s := range settings {
		for i, name := range l.names {
			if s.subsystem == "" || s.subsystem == name {
				l.levels[i].Set(s.level)
			}
		}
	}
	return nil
}

// CheckLevels returns an error if SetLevels would refuse a specification for the given
// subsystems.
func CheckLevels(spec string, subsystems ...string) error {
	_, err := parseLevels(spec, subsystems)
	return err
}

// write writes one line built by appendTo.
func (l *Log) write(appendTo func([]byte) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(appendTo(l.buf[:0]), '\n')
	_, err := l.out.Write(l.buf)
	return err
}
