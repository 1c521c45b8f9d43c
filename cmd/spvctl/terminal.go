package main

import (
	"os"
	"slices"
	"strings"
)

// The assumed size of a terminal that does not report its own.
const (
	usualColumns = 80
	usualRows    = 24
)

// screen is the size and the abilities of a terminal.
type screen struct {
	columns, rows int
	colours       bool
}

// terminalOf returns a function for the size of a terminal, nil if the file is none, or one
// without control sequences.
func terminalOf(f *os.File, environ []string) func() screen {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || slices.Contains(environ, "TERM=dumb") || !takesSequences(f) {
		return nil
	}
	return func() screen {
		columns, rows := terminalSize(f)
		if columns <= 0 || rows <= 0 {
			columns, rows = usualColumns, usualRows
		}
		return screen{columns, rows, wantsColours(environ)}
	}
}

// wantsColours reports whether the user wants colours: NO_COLOR with any value but an empty
// one turns them off, see no-color.org.
func wantsColours(environ []string) bool {
	return !slices.ContainsFunc(environ, func(v string) bool {
		value, found := strings.CutPrefix(v, "NO_COLOR=")
		return found && value != ""
	})
}
