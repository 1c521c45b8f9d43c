package spv

import (
	"fmt"
	"slices"

	"github.com/spvd/spvd/spv/chain"
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

// denials holds the live peers that have shown a chain with the network's minimum known
// work that goes around a waypoint, and that waypoint's height. It is a pure value. A
// denial is no proof against the peer, nor against the waypoint.
type denials map[uint64]consensus.Height

// forget drops a peer that has left.
func (d denials) forget(id uint64) { delete(d, id) }

// passed drops the denials of waypoints that the main chain holds.
func (d denials) passed(tip consensus.Height) {
	for id, height := range d {
		if height <= tip {
			delete(d, id)
		}
	}
}

// lowest returns the lowest waypoint that is denied, and by how many peers; zero for
// none.
func (d denials) lowest() (height consensus.Height, peers int) {
	for _, h := range d {
		switch {
		case peers == 0 || h < height:
			height, peers = h, 1
		case h == height:
			peers++
		}
	}
	return height, peers
}

// contradicted records that a peer has shown headers that go around a waypoint. It
// counts only if their chain has the network's minimum known work: anyone can make up
// one with less.
func (p *pursuit) contradicted(id uint64, broken *consensus.RuleError, ext *chain.Extension) {
	if consensus.CheckWaypoint(p.cfg.Params, broken.Block) == nil {
		return // it only leaves the chain below one
	}
	if broken.Block.Height <= p.staged.Tip.Height {
		return // the chain holds it: another block there says nothing about it
	}
	if !consensus.EnoughWork(p.cfg.Params, ext.Reached) {
		return
	}
	p.denials[id] = broken.Block.Height
	p.denials.passed(p.staged.Tip.Height)
	p.warnOfDenials()
}

// warnOfDenials warns while peers deny a waypoint.
func (p *pursuit) warnOfDenials() {
	height, peers := p.denials.lowest()
	if peers == 0 {
		p.unwarn(codeWaypoint)
		return
	}
	text := fmt.Sprintf("%d of %d peers have another block at the height of waypoint %s, "+
		"on a chain with the known work of the network.", peers, len(p.survey.peers), grouped(height))
	if p.warned(codeWaypoint, text) {
		return
	}
	p.cfg.Log.Warn(text)
	p.warn(codeWaypoint, text,
		"Other peers are looked for. If all of them agree, the list of waypoints is wrong: correct it.")
}

// warned reports whether a warning is shown, with the given text if there is one.
func (r *run) warned(code string, text ...string) bool {
	return slices.ContainsFunc(r.status.Warnings, func(w Warning) bool {
		return w.Code == code && (len(text) == 0 || w.Text == text[0])
	})
}
