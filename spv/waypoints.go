package spv

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Codes of the warnings about waypoints.
const (
	// codeWaypoint: peers have another block at the height of a waypoint, on a chain
	// with the network's minimum known work.
	codeWaypoint = "waypoint-contradicted"

	// codeMisled: the stored chain has another block at the height of a waypoint.
	codeMisled = "chain-contradicts-waypoint"
)

// misledHint is what users can do about a store that contradicts a waypoint.
const misledHint = "The chain with the waypoint is followed as soon as a peer shows it. If none does, " +
	"check the list of waypoints."

// misledText says which waypoints the stored chain contradicts.
func misledText(points []consensus.BlockID) string {
	return fmt.Sprintf("The stored chain has another block than the known one at height %s: "+
		"it is a false branch, or the waypoint is wrong.", grouped(points[0].Height))
}

// judgeStore warns while the stored chain contradicts waypoints, or holds early filters
// that do not have the known hash.
func (l *loop) judgeStore() {
	points := l.store.Contradicted()
	switch {
	case len(points) > 0 && !l.display.warned(codeMisled):
		text := misledText(points)
		l.cfg.Log.Error(text, "waypoint", points[0].Hash, "waypoints", len(points))
		l.display.warn(codeMisled, text, misledHint)
	case len(points) == 0:
		l.display.unwarn(codeMisled)
	}
	if st := l.store.State(); !st.EarlyProven && st.Filters.Height >= l.cfg.Params.DCP0005 {
		l.warnEarlyUnproven()
	}
}

// warnOfDenials warns while peers deny a waypoint.
func (l *loop) warnOfDenials() {
	height, networks := l.headers.Denials(time.Now())
	if networks == 0 {
		l.display.unwarn(codeWaypoint)
		return
	}
	of := "Peers of one network have"
	if networks > 1 {
		of = fmt.Sprintf("Peers of %d networks have", networks)
	}
	text := fmt.Sprintf("%s another block at the height of waypoint %s, on a chain with the known work of the network.",
		of, grouped(height))
	if l.display.warned(codeWaypoint, text) {
		return
	}
	l.cfg.Log.Warn(text)
	l.display.warn(codeWaypoint, text,
		"Other peers are looked for. If all of them agree, the list of waypoints is wrong: correct it.")
}
