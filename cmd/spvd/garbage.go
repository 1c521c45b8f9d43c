package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much the heap may grow, in percent of what is in use, before
// garbage is collected. Most of what is in use during a sync are buffers without
// pointers, which cost a collection next to nothing: half of what Go does by
// default takes little more processor time and much less memory, see
// docs/performance.md.
const gcPercent = 50

// tuneGarbage sets gcPercent, unless the user has set the variable that Go has for
// it.
func tuneGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
