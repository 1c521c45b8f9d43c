package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/defect"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of what one peer may send without any gain. A peer that passes one of them
// loses standing with each further message, in the end its connection, and is never
// taken for one that has shown all.
const (
	// maxBarren is the number of full messages in a row that bring nothing new.
	// An honest peer needs four at most, as its second one begins within
	// chain.LocatorAbove's distance of the fork.
	maxEmptyBatches = 8

	// maxSide is how many headers a peer's branch may have, besides twice those
	// of our chain, without having more work.
	maxSide = 50_000
)

// ask requests from one peer the headers that its chain has beyond ours.
func (p *loop) ask(id p2p.PeerID) error {
	locator, err := p.locatorFor(id)
	if err != nil {
		return err
	}
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		began := time.Now()
		payload, err := p.cfg.Peers.HeadersFrom(ctx, id, locator, chainhash.Hash{})
		took := time.Since(began)
		var b prepared
		if err == nil {
			b = p.checkAnswer(id, locator, payload)
		}
		return func() error {
			if err != nil {
				p.cfg.Log.Debug("No answer to getheaders", "peer", id, "err", err)
				p.tips.say(id, failed, time.Now())
				return nil
			}
			p.tips.replied(id, took)
			return p.answered(b)
		}
	})
	return nil
}

// locatorFor returns the locator of the next request to a peer. After a full message it
// leads on from the last header of that message: on a side branch from just that header,
// on the main chain from it or any newer block that the peer may have.
func (p *loop) locatorFor(id p2p.PeerID) ([]chainhash.Hash, error) {
	next := p.tips.peers[id].next
	if next == (consensus.BlockID{}) {
		return p.store.Locator()
	}
	main, err := p.store.OnMain(next)
	switch {
	case err != nil:
		return nil, err
	case main:
		return p.store.LocatorAbove(next.Height)
	case p.store.OnSide(next):
		locator, err := p.store.Locator()
		return slices.Concat([]chainhash.Hash{next.Hash}, locator), err
	}
	return p.store.Locator() // there was no room to keep it
}

// prepareAnswer handles a reply to a request of the tail fetch as what its sender has beyond
// our chain.
func (p *loop) prepareAnswer(id p2p.PeerID, locator []chainhash.Hash, payload []byte) {
	p.jobs.Do(func(context.Context) jobs.Result {
		b := p.checkAnswer(id, locator, payload)
		return func() error { return p.answered(b) }
	})
}

// checkAnswer checks what a reply shows by itself.
func (p *loop) checkAnswer(id p2p.PeerID, locator []chainhash.Hash, payload []byte) prepared {
	batch, err := p.prepare(id, payload)
	if err == nil && goesBack(locator, batch) {
		err = errGoesBack
	}
	return prepared{batch: batch, from: id, err: err}
}

// prepare makes the checks of a headers message that need no context.
func (r *run) prepare(from p2p.PeerID, payload []byte) (*consensus.HeaderBatch, error) {
	return defect.Contain(from, func() (*consensus.HeaderBatch, error) { return consensus.PrepareHeaders(r.cfg.Params, payload) })
}

// errGoesBack is what a reply is refused for that would lead in a circle.
var errGoesBack = errors.New("headers go back behind what they were asked after")

// goesBack reports whether a reply contains a block that its request named as known.
// A node sends what follows the first block of a locator that it has, and it has what
// it sends: so it has ignored the locator, and would do so forever.
func goesBack(locator []chainhash.Hash, b *consensus.HeaderBatch) bool {
	if len(b.Headers) == 0 || len(locator) == 0 || b.Headers[0].PrevBlock() == locator[0] {
		return false
	}
	sent := make(map[chainhash.Hash]bool, len(b.Hashes))
	for _, hash := range b.Hashes {
		sent[hash] = true
	}
	return slices.ContainsFunc(locator, func(hash chainhash.Hash) bool { return sent[hash] })
}

// answered puts the reply of a peer on the chain and decides how its chain goes on. A
// peer has shown all once a message is not full, whatever a full one holds. After a full
// one that extends the main chain the tail fetch fetches the rest. After any other one the
// same peer is asked for what follows, whatever other peers do meanwhile.
func (p *loop) answered(b prepared) error {
	ext, err := p.extend(b, true)
	if err != nil || ext == nil { // refused
		return err
	}
	now := time.Now()
	if ext.Added+ext.Side > 0 {
		p.tips.progressed(b.from, now)
	}
	p.tips.brought(b.from, ext.Added+ext.Side > 0)
	full := len(b.batch.Headers) >= fullBatch
	switch w := p.tips.peers[b.from]; {
	case w == nil: // it is gone
	case p.takenBack(b, ext):
		p.tips.say(b.from, unasked, now)
	case !full:
		p.tips.say(b.from, caughtUp, now)
	case w.more(b.batch, ext, p.staged.Tip.Height):
		p.tips.say(b.from, unasked, now)
	default:
		p.useless(b.from, fmt.Errorf("%d messages in a row of known headers, %d headers of a branch with less work", w.emptyBatches, w.side))
		p.tips.say(b.from, failed, now)
	}
	if p.takenBack(b, ext) || full && ext.Added > 0 && !p.tips.fetchingTail {
		p.fetchTailFrom(b.from, now)
	}
	return nil
}

// takenBack reports whether the chain was taken back to the fork with a branch that was
// too long to keep: its headers have to come again.
func (p *loop) takenBack(b prepared, ext *chain.Extension) bool {
	return ext.Reorg != nil && b.batch.Hashes[len(b.batch.Hashes)-1] != p.staged.Tip.Hash
}

// fetchTailFrom makes the tail fetch begin at the tip, with a peer as its guide.
func (p *loop) fetchTailFrom(id p2p.PeerID, now time.Time) {
	p.tips.fetchingTail = true
	p.tail.restart(false, now)
	p.tail.guide = id
}

// useless reports that a peer sends, again and again, what brings nothing.
func (p *loop) useless(id p2p.PeerID, what error) {
	p.cfg.Log.Debug("Useless messages", "peer", id, "what", what)
	p.cfg.Peers.Useless(id, what)
}
