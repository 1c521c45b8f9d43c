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
func (r *run) judgeStore() {
	points := r.store.Contradicted()
	switch {
	case len(points) > 0 && !r.warned(codeMisled):
		text := misledText(points)
		r.cfg.Log.Error(text, "waypoint", points[0].Hash, "waypoints", len(points))
		r.warn(codeMisled, text, misledHint)
	case len(points) == 0:
		r.unwarn(codeMisled)
	}
	if st := r.store.State(); !st.EarlyProven && st.Filters.Height >= r.cfg.Params.DCP0005 {
		r.warnEarlyUnproven()
	}
}

// warnOfDenials warns while peers deny a waypoint.
func (p *loop) warnOfDenials() {
	height, networks := p.headers.Denials(time.Now())
	if networks == 0 {
		p.unwarn(codeWaypoint)
		return
	}
	of := "Peers of one network have"
	if networks > 1 {
		of = fmt.Sprintf("Peers of %d networks have", networks)
	}
	text := fmt.Sprintf("%s another block at the height of waypoint %s, on a chain with the known work of the network.",
		of, grouped(height))
	if p.warned(codeWaypoint, text) {
		return
	}
	p.cfg.Log.Warn(text)
	p.warn(codeWaypoint, text,
		"Other peers are looked for. If all of them agree, the list of waypoints is wrong: correct it.")
}
