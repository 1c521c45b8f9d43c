package rescan

import (
	"bytes"
	"slices"

	"github.com/spvd/spvd/spv/match"
)

// watchlist is what blocks are matched against: the wallet's scripts, in the order
// of their arrival. So what a block has been matched against is a number: that
// of the scripts there were. It is a pure value.
type watchlist struct {
	given    [][]byte   // as the wallet gave them last
	revision uint64     // that they had
	scripts  [][]byte   // the same in the order of their arrival; nil for those that are gone
	known    bool       // they were taken over once
	set      *match.Set // of them all; nil until it is asked for
}

// take takes over the wallet's scripts. It reports whether some are gone and others are
// new, which makes the numbers of before worthless. When some are only gone,
// what has been matched has been matched against more than it had to be.
func (w *watchlist) take(scripts [][]byte, revision uint64) (gone bool) {
	if w.known && w.revision == revision {
		return false
	}
	more, gone := added(w.given, scripts)
	switch {
	case gone && (len(more) > 0 || len(scripts) == 0):
		*w, more = watchlist{}, scripts
	case gone:
		w.keep(scripts)
		gone = false
	}
	w.add(more)
	w.given, w.revision, w.known = scripts, revision, true
	return gone
}

// keep takes all scripts but some off the list. The others keep their numbers.
func (w *watchlist) keep(scripts [][]byte) {
	still := make(map[string]bool, len(scripts))
	for _, s := range scripts {
		still[string(s)] = true
	}
	w.scripts, w.set = slices.Clone(w.scripts), nil
	for i, s := range w.scripts {
		if !still[string(s)] {
			w.scripts[i] = nil
		}
	}
}

// extend takes over scripts among which some of the wallet's may be missing: these
// stay on the list.
func (w *watchlist) extend(scripts [][]byte, revision uint64) {
	more, gone := added(w.given, scripts)
	if gone {
		more, _ = added(w.scripts, scripts)
	}
	w.add(more)
	if w.given, w.revision = scripts, revision; gone {
		w.given = w.scripts
	}
}

// add puts scripts on the list.
func (w *watchlist) add(more [][]byte) {
	if len(more) > 0 {
		w.scripts, w.set = append(w.scripts, more...), nil
	}
}

// count returns the number of scripts, with those that are gone.
func (w *watchlist) count() int { return len(w.scripts) }

// since returns the scripts after the first n.
func (w *watchlist) since(n int) *match.Set {
	if n > 0 {
		return match.NewSet(w.scripts[n:])
	}
	if w.set == nil {
		w.set = match.NewSet(w.scripts)
	}
	return w.set
}

// added returns the scripts that are not among old ones, and whether some of those
// are gone. A wallet that grows puts new scripts behind the old ones, as a rule.
func added(old, scripts [][]byte) (more [][]byte, gone bool) {
	same := 0
	for same < min(len(old), len(scripts)) && bytes.Equal(old[same], scripts[same]) {
		same++
	}
	if same == len(old) {
		return scripts[same:], false
	}
	known := make(map[string]bool, len(old)) // whether it is still there
	for _, s := range old {
		known[string(s)] = false
	}
	for _, s := range scripts {
		if _, ok := known[string(s)]; ok {
			known[string(s)] = true
		} else {
			more = append(more, s)
		}
	}
	for _, still := range known {
		gone = gone || !still
	}
	return more, gone
}
