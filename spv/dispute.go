package spv

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Codes of the warnings about rules that this version may not know.
const (
	// codeUpdate: most of the newest blocks have versions above what is known here.
	codeUpdate = "update-spvd"

	// codeDisputed: peers in different networks have a block that breaks a rule.
	codeDisputed = "rule-disputed"
)

// dispute is a block on top of the tip that breaks a rule as this version knows it, and the
// peers that have it. One such peer is at fault. When peers in different networks have the
// same block, and no peer shows another chain with more work than the part that is valid,
// the network may have changed the rule by a vote: then no peer is accused.
type dispute struct {
	broken *consensus.RuleError
	work   uint256.Uint256 // of the valid part
	peers  []disputant
	open   bool // the peers lie in different networks
}

// disputant is a peer that has the block.
type disputant struct {
	id    p2p.PeerID
	group string // empty if not known
}

// join adds a peer, and reports whether the peers lie in different networks now.
func (d *dispute) join(id p2p.PeerID, group string) bool {
	if !slices.ContainsFunc(d.peers, func(o disputant) bool { return o.id == id }) {
		for _, o := range d.peers {
			d.open = d.open || group == "" || group != o.group
		}
		d.peers = append(d.peers, disputant{id, group})
	}
	return d.open
}

// disputed records that a peer has a block on top of the tip that breaks a rule. It reports
// whether the peer is not to be accused of it.
func (p *loop) disputed(id p2p.PeerID, broken *consensus.RuleError) bool {
	if broken.Parent != p.staged.Tip.Hash || !broken.Rule.Proven() {
		return false
	}
	if d := p.dispute; d == nil || d.broken.Block != broken.Block || d.broken.Rule != broken.Rule {
		if d != nil && d.open {
			return false // there is one already
		}
		p.dispute = &dispute{broken: broken, work: p.staged.Work}
	}
	d := p.dispute
	was := d.open
	if !d.join(id, p.cfg.Peers.Group(id)) {
		return false
	}
	if !was {
		for _, o := range d.peers {
			p.cfg.Peers.Acquit(o.id)
		}
		text, hint := disputeText(d)
		p.cfg.Log.Error(text, "block", broken.Block.Hash, "evidence", broken)
		p.warn(codeDisputed, text, hint)
	}
	return true
}

// endDispute ends the dispute once another chain has more work: then the block breaks a
// rule of the network, and those that have it are accused.
func (p *loop) endDispute() {
	d := p.dispute
	if d == nil || !p.staged.Work.Gt(&d.work) {
		return
	}
	p.dispute = nil
	p.unwarn(codeDisputed)
	if d.open {
		for _, o := range d.peers {
			p.cfg.Peers.Accuse(o.id, d.broken)
		}
	}
}

// disputeText says which block is disputed, and what users can do about it.
func disputeText(d *dispute) (text, hint string) {
	return fmt.Sprintf("Peers in different networks have a block %s that breaks the rule for %v as this version knows it, "+
			"and none shows another chain with more work.", grouped(d.broken.Block.Height), d.broken.Rule),
		"The network may have changed the rule by a vote: update spvd. Until then the chain ends before this block."
}

// judgeVersions warns when most of the newest blocks have versions above those that this
// version knows.
func (p *loop) judgeVersions() error {
	if p.tips.fetchingTail || p.versionsAt == p.staged.Tip {
		return nil
	}
	newer, of, err := p.store.Newer()
	if err != nil {
		return err
	}
	p.versionsAt = p.staged.Tip
	switch {
	case 2*newer <= of:
		p.unwarn(codeUpdate)
	case !p.warned(codeUpdate):
		text := fmt.Sprintf("%d of the newest %d blocks have a version that this version of spvd does not know.", newer, of)
		p.cfg.Log.Warn(text)
		p.warn(codeUpdate, text, "The network is changing its rules, or has changed them: update spvd.")
	}
	return nil
}
