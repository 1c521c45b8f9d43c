package spv

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Pauses before a chunk of filters is asked for again: doubled each time.
const (
	chunkPause    = 50 * time.Millisecond
	maxChunkPause = 3 * time.Second
)

// fetchFilters asks for as many chunks of filters as the window allows.
func (p *loop) fetchFilters() error {
	for !p.earlyHolds() {
		c, ok := p.plan.take(p.staged.Tip.Height, len(p.tips.peers), !p.tips.fetchingTail, time.Now())
		if !ok {
			return nil
		}
		if err := p.fetchChunk(c); err != nil {
			return err
		}
	}
	return nil
}

// fetchChunk asks a peer for a chunk and proves what comes.
func (p *loop) fetchChunk(c chunk) error {
	targets, err := p.store.FilterTargets(c.start, c.n)
	if err != nil {
		return err
	}
	plan, start, end := p.plan, targets[0].Hash, targets[len(targets)-1].Hash
	most := consensus.MaxFiltersPayload(p.cfg.Params, targets)
	if p.early(c.start) {
		c.avoid = slices.Concat(c.avoid, p.earlyAvoid(c.start))
	}
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		if wait.For(ctx, c.pause()) != nil {
			return nil
		}
		payload, from, err := p.cfg.Peers.CFilters(ctx, c.avoid, start, end, most)
		var batch *consensus.FilterBatch
		if err == nil {
			batch, err = p.prove(from, targets, payload)
		}
		return func() error {
			if plan != p.plan { // the chain was reorganised meanwhile
				p.accuseOf(from, err)
				return nil
			}
			if err != nil {
				p.chunkFailed(c, from, err)
				return nil
			}
			if p.early(c.start) && p.plan.awaits(c.start) {
				p.ledger.note(from, batch)
			}
			p.progress.ReceivedFilters(len(payload), batch.Len())
			p.plan.arrived(batch, len(payload), time.Now())
			return p.applyFilters()
		}
	})
	return nil
}

// chunkFailed hands a chunk back to the plan. A peer that sent filters that are
// not the committed ones is accused; silence proves nothing.
func (p *loop) chunkFailed(c chunk, from p2p.PeerID, err error) {
	p.cfg.Log.Debug("No filters", "from", c.start, "to", c.end(), "peer", from, "err", err)
	p.plan.failed(c.start, from)
	p.accuseOf(from, err)
}

// accuseOf accuses a peer if an error is a broken rule, and reports a defect.
func (p *loop) accuseOf(id p2p.PeerID, err error) {
	if p.defects.Report(err) {
		return
	}
	var broken *consensus.RuleError
	if errors.As(err, &broken) {
		p.accuse(id, broken)
	}
}

// applyFilters puts the filters that have come on the chain, in order.
func (p *loop) applyFilters() error {
	for {
		if may, err := p.mayApply(); !may || err != nil {
			return err
		}
		batch := p.plan.pop()
		if batch == nil {
			return nil
		}
		if err := p.store.AddFilters(batch); err != nil {
			return err
		}
		p.touched()
		if err := p.judgeEarly(batch); err != nil {
			return err
		}
	}
}

// pause returns how long to wait before asking for the chunk.
func (c chunk) pause() time.Duration {
	if c.tries == 0 {
		return 0
	}
	return min(chunkPause<<min(c.tries, 10), maxChunkPause)
}
