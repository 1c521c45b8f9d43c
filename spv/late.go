package spv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// proveLate starts a job that proves the next late reply, unless one does already: replies
// that came after another peer had answered are judged as all others, without holding up
// what is needed. Those of the chain that was left are dropped.
func (p *loop) proveLate() (err error) {
	for err == nil && p.proving == 0 {
		late, ok := p.cfg.Peers.TakeLate()
		if !ok {
			break
		}
		switch late.Kind {
		case p2p.Headers:
			p.proveLateHeaders(late.From, late.Locator, late.Payload)
		case p2p.CFilters:
			err = p.proveLateFilters(late.From, late.First, late.Last, late.Payload)
		case p2p.Block:
			p.proveLateBlock(late.From, late.First, late.Payload)
		}
	}
	return err
}

// proveLateHeaders checks headers that came late, and puts those on the chain that are new:
// then their peer is asked for what follows. If they do not connect, that is no fault.
func (p *loop) proveLateHeaders(id p2p.PeerID, locator []chainhash.Hash, payload []byte) {
	p.proving++
	p.jobs.Do(func(context.Context) jobs.Result {
		b := p.checkAnswer(id, locator, payload)
		b.late = true
		return func() error {
			p.proving--
			return p.applyLate(b)
		}
	})
}

// applyLate puts headers that came late on the chain.
func (p *loop) applyLate(b prepared) error {
	ext, err := p.extend(b, true)
	if err != nil || ext == nil || ext.Added+ext.Side == 0 {
		return err
	}
	now := time.Now()
	p.tips.progressed(b.from, now)
	if p.takenBack(b, ext) {
		p.fetchTailFrom(b.from, now)
		return nil
	}
	p.tips.reopen(b.from, now)
	return nil
}

// proveLateFilters proves filters of the main chain that came late. Early ones are compared
// with those on disk once these are proven; before that they are recorded as served.
func (p *loop) proveLateFilters(id p2p.PeerID, start, end chainhash.Hash, payload []byte) error {
	targets, err := p.store.FilterTargetsOf(start, end)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	early := p.early(targets[0].Height)
	p.proving++
	p.jobs.Do(func(context.Context) jobs.Result {
		batch, err := p.prove(id, targets, payload)
		if err == nil && early {
			err = p.compareEarly(targets, batch)
		}
		p.accuseOfLate(id, err)
		return func() error {
			p.proving--
			if err == nil && early && !p.staged.EarlyProven {
				p.ledger.noteLate(id, batch)
			}
			return nil
		}
	})
	return nil
}

// compareEarly compares early filters with those on disk. It returns nil if they are the
// same, or if those on disk are not proven or not of the same blocks.
func (r *run) compareEarly(targets []consensus.FilterTarget, b *consensus.FilterBatch) error {
	for i, t := range targets {
		if t.Height >= r.cfg.Params.DCP0005 || !r.store.State().EarlyProven {
			return nil
		}
		right, err := r.store.Filter(t.Height)
		if err != nil || bytes.Equal(right, b.Filter(i)) {
			continue
		}
		if hash, err := r.store.Hash(t.Height); err == nil && hash == t.Hash && r.store.State().EarlyProven {
			return fmt.Errorf("the filter of block %d is not the one that is proven", t.Height)
		}
	}
	return nil
}

// proveLateBlock checks a block that came late against its header on the main chain.
func (p *loop) proveLateBlock(id p2p.PeerID, hash chainhash.Hash, payload []byte) {
	p.proving++
	p.jobs.Do(func(context.Context) jobs.Result {
		p.blocks.ProveLate(p.store, id, hash, payload)
		return func() error {
			p.proving--
			return nil
		}
	})
}

// accuseOfLate accuses a peer of what is wrong with its late reply, if that is not nil. Any
// goroutine may call it: the end of a phase drops no proof.
func (r *run) accuseOfLate(id p2p.PeerID, wrong error) {
	var broken *consensus.RuleError
	if r.defects.Report(wrong) {
		return
	}
	if wrong == nil || errors.As(wrong, &broken) && !broken.Rule.Proven() {
		return
	}
	r.cfg.Log.Debug("Late reply is wrong", "peer", id, "err", wrong)
	r.cfg.Peers.Accuse(id, wrong)
}
