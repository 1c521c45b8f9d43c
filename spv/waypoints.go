package spv

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
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

// How long a denial counts after its peer has left, and how many are remembered.
const (
	denialAge  = time.Hour
	maxDenials = 64
)

// denials holds the networks with peers that have shown a chain with the network's minimum
// known work that goes around a waypoint: by network group, or by host if the group is not
// known, so that a peer that comes back counts once. It is a pure value. A denial is no proof
// against the peer, nor against the waypoint.
type denials map[string]denial

// denial is the waypoint that a network denies, and when it last did.
type denial struct {
	height consensus.Height
	at     time.Time
}

// add records a denial. At the limit the oldest one is dropped.
func (d denials) add(source string, height consensus.Height, now time.Time) {
	if _, known := d[source]; !known && len(d) >= maxDenials {
		oldest := ""
		for key, x := range d {
			if oldest == "" || x.at.Before(d[oldest].at) {
				oldest = key
			}
		}
		delete(d, oldest)
	}
	d[source] = denial{height, now}
}

// fade drops the denials that were not repeated for long.
func (d denials) fade(now time.Time) {
	maps.DeleteFunc(d, func(_ string, x denial) bool { return now.Sub(x.at) >= denialAge })
}

// passed drops the denials of waypoints that the main chain holds.
func (d denials) passed(tip consensus.Height) {
	maps.DeleteFunc(d, func(_ string, x denial) bool { return x.height <= tip })
}

// lowest returns the lowest waypoint that is denied, and in how many networks; zero for
// none.
func (d denials) lowest() (height consensus.Height, networks int) {
	for _, x := range d {
		switch {
		case networks == 0 || x.height < height:
			height, networks = x.height, 1
		case x.height == height:
			networks++
		}
	}
	return height, networks
}

// contradicted takes the consequences of headers that go around a waypoint. If our chain
// holds it, they lead nowhere, and their peer loses standing, which its host keeps. If not,
// that counts only if their chain has the network's minimum known work: anyone can make up
// one with less.
func (p *loop) contradicted(id p2p.PeerID, broken *consensus.RuleError, ext *chain.Extension) {
	if consensus.CheckWaypoint(p.cfg.Params, broken.Block) == nil || broken.Block.Height <= p.staged.Tip.Height {
		p.useless(id, broken)
		return
	}
	if !consensus.EnoughWork(p.cfg.Params, ext.Reached) {
		return
	}
	source := p.cfg.Peers.Group(id)
	if w := p.tips.peers[id]; source == "" && w != nil {
		source = w.host
	}
	p.denials.add(source, broken.Block.Height, time.Now())
	p.denials.passed(p.staged.Tip.Height)
	p.warnOfDenials()
}

// warnOfDenials warns while peers deny a waypoint.
func (p *loop) warnOfDenials() {
	p.denials.fade(time.Now())
	height, networks := p.denials.lowest()
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

// warned reports whether a warning is shown, with the given text if there is one.
func (r *run) warned(code string, text ...string) bool {
	return slices.ContainsFunc(r.status.Warnings, func(w Warning) bool {
		return w.Code == code && (len(text) == 0 || w.Text == text[0])
	})
}
