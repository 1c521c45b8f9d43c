package logging

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
)

// Levels beyond those of log/slog.
const (
	LevelTrace    = slog.LevelDebug - 4
	LevelCritical = slog.LevelError + 4
	LevelOff      = slog.Level(math.MaxInt32)
)

// levelNames lists the levels that a user may set, from most to least verbose.
func levelNames() []string {
	return []string{"trace", "debug", "info", "warn", "error", "critical", "off"}
}

// parseLevel returns the level of a name, in any case.
func parseLevel(name string) (slog.Level, bool) {
	switch strings.ToLower(name) {
	case "trace":
		return LevelTrace, true
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	case "critical":
		return LevelCritical, true
	case "off":
		return LevelOff, true
	}
	return 0, false
}

// tag returns the three letters of a level in a line. Levels between the named ones count as
// the one below.
func tag(l slog.Level) string {
	switch {
	case l < slog.LevelDebug:
		return "TRC"
	case l < slog.LevelInfo:
		return "DBG"
	case l < slog.LevelWarn:
		return "INF"
	case l < slog.LevelError:
		return "WRN"
	case l < LevelCritical:
		return "ERR"
	}
	return "CRT"
}

// setting is one item of a level specification: a level for one subsystem, or
// for all of them when subsystem is empty.
type setting struct {
	subsystem string
	level     slog.Level
}

// parseLevels parses a specification: items separated by commas, each a level or
// SUBSYSTEM=level, applied in order, in any case. It is an error if a level or subsystem does
// not exist.
func parseLevels(spec string, subsystems []string) ([]setting, error) {
	var out []setting
	for item := range strings.SplitSeq(spec, ",") {
		name, level, pair := strings.Cut(strings.TrimSpace(item), "=")
		if !pair {
			name, level = "", name
		}
		l, ok := parseLevel(level)
		if !ok {
			return nil, fmt.Errorf("unknown log level %q, use one of %s", level, strings.Join(levelNames(), ", "))
		}
		if pair {
			known, ok := findFold(subsystems, name)
			if !ok {
				return nil, fmt.Errorf("unknown log subsystem %q, use one of %s", name, strings.Join(subsystems, ", "))
			}
			name = known
		}
		out = append(out, setting{subsystem: name, level: l})
	}
	return out, nil
}

func findFold(list []string, name string) (string, bool) {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return s, true
		}
	}
	return "", false
}
