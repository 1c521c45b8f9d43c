package spv

import (
	"context"
	"errors"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// fetchRanges makes the requests of the header plan that are due. A plan that no
// peer can fill is given up: the tail fetch takes over at the tip.
func (p *loop) fetchRanges(now time.Time) error {
	peers := p.tips.tailPeers()
	p.ranges.room = p.headerRoom()
	for {
		a, ok := p.ranges.take(peers, now)
		if !ok {
			break
		}
		p.requestRange(a)
	}
	if p.ranges.stuck(p.tips.live()) {
		p.cfg.Log.Debug("No peer fills the headers between waypoints", "from", p.staged.Tip.Height)
		p.ranges = newHeaderPlan(p.staged.Tip, nil, fullBatch)
		p.tail.restart(false, now)
	}
	return nil
}

// headerRoom returns how many batches of headers may be held ahead.
func (p *loop) headerRoom() int {
	_, watching := p.scan.Position()
	return headerRoom(watching, p.scan.Held())
}

// headerRoom returns how many batches of headers may be held ahead while a scan, if the
// wallet watches anything, holds so many bytes of blocks.
func headerRoom(watching bool, held int) int {
	if !watching {
		return maxAhead
	}
	return max(minAhead, (maxAhead*batchBytes-scanReserve-held)/batchBytes)
}

// requestRange makes one request. While its reply is verified, the next one of the
// same range may be on its way.
func (p *loop) requestRange(a headerAsk) {
	plan, locator := p.ranges, []chainhash.Hash{a.after}
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		from := a.peer
		var payload []byte
		var err error
		if from != 0 {
			payload, err = p.cfg.Peers.HeadersFrom(ctx, from, locator, a.stop)
		} else {
			payload, from, err = p.cfg.Peers.Headers(ctx, a.avoid, locator, a.stop)
		}
		return func() error {
			switch {
			case plan == p.ranges:
				p.rangeReplied(a, payload, from, err)
			case err == nil:
				p.proveLateHeaders(from, locator, payload)
			}
			return nil
		}
	})
}

// rangeReplied takes the reply to a request of the plan.
func (p *loop) rangeReplied(a headerAsk, payload []byte, from p2p.PeerID, err error) {
	if err != nil {
		p.cfg.Log.Debug("No headers", "peer", from, "err", err)
		p.tips.say(from, failed, time.Now())
		p.ranges.failed(a, from)
		return
	}
	number, err := p.ranges.arrived(a, from, payload, time.Now())
	if err != nil {
		p.cfg.Log.Debug("Headers of no use", "peer", from, "after", a.after, "err", err)
		if errors.Is(err, errOutdated) {
			p.proveLateHeaders(from, []chainhash.Hash{a.after}, payload)
		}
		return
	}
	plan := p.ranges
	p.jobs.Do(func(context.Context) jobs.Result {
		batch, err := p.prepare(from, payload)
		return func() error {
			if plan != p.ranges {
				return nil
			}
			p.ranges.verified(a, number, prepared{batch: batch, from: from, err: err})
			return p.applyRanges()
		}
	})
}

// applyRanges puts the batches that are ready on the chain, in order.
func (p *loop) applyRanges() error {
	for {
		b, ok := p.ranges.peek()
		if !ok {
			return nil
		}
		if may, err := p.mayApply(); !may || err != nil {
			return err
		}
		ext, err := p.extend(b, true)
		switch {
		case err != nil:
			return err
		case ext == nil: // refused
			p.ranges.refuse()
			return nil
		}
		if p.ranges.accept() {
			p.tips.say(b.from, caughtUp, time.Now())
			p.tips.fetchingTail = false
			p.tail.restart(false, time.Now())
			return nil
		}
	}
}
