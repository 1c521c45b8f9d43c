package spv

import (
	"context"
	"errors"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// fetchSpans makes the requests of the header plan that are due. A plan that no
// peer can fill is given up: the walk takes over at the tip.
func (p *pursuit) fetchSpans(now time.Time) error {
	leads := p.survey.leads()
	for {
		a, ok := p.spans.take(leads, now)
		if !ok {
			break
		}
		p.askSpan(a)
	}
	if p.spans.stuck(p.survey.live()) {
		p.cfg.Log.Debug("No peer fills the headers between waypoints", "from", p.staged.Tip.Height)
		p.spans = newHeaderPlan(p.staged.Tip, nil, fullBatch)
		p.walk.restart(false, now)
	}
	return nil
}

// askSpan makes one request. While its reply is verified, the next one of the
// same span may be on its way.
func (p *pursuit) askSpan(a headerAsk) {
	plan, locator := p.spans, []chainhash.Hash{a.after}
	p.workers.do(func(ctx context.Context) fold {
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
			case plan == p.spans:
				p.spanReplied(a, payload, from, err)
			case err == nil:
				p.proveLateHeaders(from, locator, payload)
			}
			return nil
		}
	})
}

// spanReplied takes the reply to a request of the plan.
func (p *pursuit) spanReplied(a headerAsk, payload []byte, from uint64, err error) {
	if err != nil {
		p.cfg.Log.Debug("No headers", "peer", from, "err", err)
		p.survey.say(from, failed, time.Now())
		p.spans.failed(a, from)
		return
	}
	number, err := p.spans.arrived(a, from, payload, time.Now())
	if err != nil {
		p.cfg.Log.Debug("Headers of no use", "peer", from, "after", a.after, "err", err)
		if errors.Is(err, errOutdated) {
			p.proveLateHeaders(from, []chainhash.Hash{a.after}, payload)
		}
		return
	}
	plan := p.spans
	p.workers.do(func(context.Context) fold {
		batch, err := p.prepare(from, payload)
		return func() error {
			if plan != p.spans {
				return nil
			}
			p.spans.verified(a, number, prepared{batch: batch, from: from, err: err})
			return p.foldSpans()
		}
	})
}

// foldSpans puts the batches that are ready on the chain, in order.
func (p *pursuit) foldSpans() error {
	for {
		b, ok := p.spans.peek()
		if !ok {
			return nil
		}
		if may, err := p.mayFold(); !may || err != nil {
			return err
		}
		ext, err := p.extend(b, true)
		switch {
		case err != nil:
			return err
		case ext == nil: // refused
			p.spans.refuse()
			return nil
		}
		if p.spans.accept() {
			p.survey.say(b.from, settled, time.Now())
			p.survey.leading = false
			p.walk.restart(false, time.Now())
			return nil
		}
	}
}
