package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
)

// Facts of a headers message (wire: MaxBlockHeadersPerMsg), and bounds of the
// walk.
const (
	fullBatch    = 2000                 // headers in a message that says: there may be more
	headerStride = chain.HeaderSize + 1 // a header and its transaction count, which is zero
	walkDepth    = 4                    // batches fetched ahead of the last one folded
	maxBarren    = 8                    // full batches in a row that may bring nothing new

	walkPause    = 200 * time.Millisecond // before the first retry; doubled each time
	maxWalkPause = 5 * time.Second
	walkPatience = 3 * time.Second   // for one reply, if another peer can be asked,
	slowPatience = 10 * walkPatience // and at most where replies take long
	walkCopies   = 2                 // requests for the same batch
)

// headerWalk is the run of getheaders requests, one at a time, that leads the
// first sync. The next batch is asked for as soon as one has come, while that
// one is still being verified; batches are folded in the order of the chain. A batch
// that takes long is asked for once more, and the reply that comes first is taken.
type headerWalk struct {
	id       int              // of this walk; what belongs to an older one is dropped
	asking   int              // requests for the next batch that are on their way
	fetched  int              // batches that have come
	folded   int              // batches that were folded
	ready    map[int]prepared // verified batches by number
	locator  []chainhash.Hash // the last header fetched, where the next request starts; empty: at the chain's tip
	ended    bool             // the last batch was not full
	barren   int              // full batches in a row that brought nothing new
	astray   uint64           // the peer whose batch led back to known blocks before these; zero for none
	failures int              // in a row
	since    time.Time        // when the next batch was first asked for
	least    time.Duration    // that any batch took; zero before the first
	pause    time.Time        // no request before
}

// prepared is a batch of headers after the checks that need no context.
type prepared struct {
	batch *chain.HeaderBatch
	from  uint64
	err   error
	apart bool // it does not begin after the first block of its request's locator
}

// idle reports whether nothing is on its way or waits to be folded.
func (w *headerWalk) idle() bool { return w.asking == 0 && w.fetched == w.folded }

// mayFetch reports whether the next request may be made, if so many peers could be
// asked. Where batches take long, as on a slow line, they are not asked for twice.
func (w *headerWalk) mayFetch(leads int, now time.Time) bool {
	switch {
	case w.ended || w.fetched-w.folded >= walkDepth || now.Before(w.pause):
		return false
	case w.asking == 0:
		return leads > 0
	}
	return leads > 1 && w.asking < walkCopies && now.Sub(w.since) >= patienceFor(w.least)
}

// patienceFor returns how long a reply may take where an earlier one took so long:
// more on a slow line, on which asking others would only make it slower.
func patienceFor(took time.Duration) time.Duration {
	return min(max(walkPatience, 2*took), slowPatience)
}

// ask takes note of a request for the next batch.
func (w *headerWalk) ask(now time.Time) {
	if w.asking == 0 {
		w.since = now
	}
	w.asking++
}

// arrived takes note that the next batch has come, and returns its number.
func (w *headerWalk) arrived(payload []byte, now time.Time) int {
	w.asking = 0
	if took := now.Sub(w.since); took < w.least || w.least == 0 {
		w.least = took
	}
	if n := len(payload) / headerStride; n < fullBatch {
		w.ended = true
	} else {
		last := chain.Header(payload[len(payload)-headerStride : len(payload)-1])
		w.locator = []chainhash.Hash{last.Hash()}
	}
	w.fetched++
	return w.fetched - 1
}

// restart abandons the walk: the next request starts at the chain's tip. After
// failures it waits a little longer each time.
func (w *headerWalk) restart(failed bool, now time.Time) {
	next := headerWalk{id: w.id + 1, least: w.least, ready: make(map[int]prepared)}
	if failed {
		next.failures = w.failures + 1
		next.pause = now.Add(min(walkPause<<min(next.failures, 10), maxWalkPause))
	}
	*w = next
}

// fetchHeaders asks for the headers that are due: while leading, all spans
// between waypoints and then one long run of one peer at a time; after that each
// peer for what it has beyond.
func (p *pursuit) fetchHeaders() error {
	now := time.Now()
	if p.survey.leading {
		return p.keepLeading(now)
	}
	for _, id := range p.survey.due() {
		p.survey.ask(id, now)
		if err := p.ask(id); err != nil {
			return err
		}
	}
	return nil
}

// keepLeading makes the next requests of the plan, or that of the walk.
func (p *pursuit) keepLeading(now time.Time) error {
	leads := len(p.survey.leads())
	if leads > 0 && !p.spans.done() {
		return p.fetchSpans(now)
	}
	switch {
	case p.walk.mayFetch(leads, now):
		return p.lead(now)
	case leads == 0 && p.survey.shown() && p.walk.idle() && p.spans.idle():
		p.survey.leading = false
	}
	return nil
}

// lead asks the best peer for the next batch of the walk.
func (p *pursuit) lead(now time.Time) error {
	locator, err := p.store.Locator()
	if err != nil {
		return err
	}
	locator = slices.Concat(p.walk.locator, locator)
	avoid, walk, number := slices.Concat(p.survey.exhausted(), p.survey.later()), p.walk.id, p.walk.fetched
	p.walk.ask(now)
	p.workers.do(func(ctx context.Context) fold {
		payload, from, err := p.cfg.Peers.Headers(ctx, avoid, locator, chainhash.Hash{})
		return func() error {
			if walk == p.walk.id && number == p.walk.fetched {
				p.led(locator, payload, from, err)
			}
			return nil
		}
	})
	return nil
}

// led takes the first reply to a request for the next batch of the walk, or one of
// its failures: the next one may start while this one is prepared.
func (p *pursuit) led(locator []chainhash.Hash, payload []byte, from uint64, err error) {
	if err != nil {
		p.cfg.Log.Debug("No headers", "peer", from, "err", err)
		p.survey.say(from, failed, time.Now())
		if p.walk.asking--; p.walk.asking == 0 {
			p.walk.restart(true, time.Now())
		}
		return
	}
	walk, number := p.walk.id, p.walk.arrived(payload, time.Now())
	p.workers.do(func(context.Context) fold {
		batch, err := chain.PrepareHeaders(p.cfg.Params, payload)
		if err == nil && goesBack(locator, batch) {
			err = errGoesBack
		}
		return func() error {
			if walk != p.walk.id {
				return nil
			}
			p.walk.ready[number] = prepared{batch, from, err, apart(locator, batch)}
			return p.foldWalk()
		}
	})
}

// errGoesBack is what a reply is refused for that would lead the walk in a circle.
var errGoesBack = errors.New("headers go back behind what they were asked after")

// goesBack reports whether a reply contains a block that its request named as known.
// A node sends what follows the first block of a locator that it has, and it has what
// it sends: so it has ignored the locator, and would do so forever.
func goesBack(locator []chainhash.Hash, b *chain.HeaderBatch) bool {
	if !apart(locator, b) {
		return false
	}
	sent := make(map[chainhash.Hash]bool, len(b.Hashes))
	for _, hash := range b.Hashes {
		sent[hash] = true
	}
	return slices.ContainsFunc(locator, func(hash chainhash.Hash) bool { return sent[hash] })
}

// apart reports whether a reply does not begin after the first block of its request's
// locator.
func apart(locator []chainhash.Hash, b *chain.HeaderBatch) bool {
	return b != nil && len(b.Headers) > 0 && b.Headers[0].PrevBlock() != locator[0]
}

// note takes note of a batch that was folded, and of whether it brought anything new.
func (w *headerWalk) note(b prepared, fresh bool) {
	switch {
	case fresh:
		w.barren, w.astray = 0, 0
		return
	case b.apart:
		w.astray = b.from
	}
	w.barren++
}

// foldWalk puts the batches that are ready on the chain, in order. When a peer led the
// walk back to where it had been, nothing new comes for long, or somebody else only leads
// through what is known: then that peer has failed, and not whoever was asked after it,
// who may have more.
func (p *pursuit) foldWalk() error {
	for {
		b, ok := p.walk.ready[p.walk.folded]
		if !ok {
			return nil
		}
		if may, err := p.mayFold(); !may || err != nil {
			return err
		}
		delete(p.walk.ready, p.walk.folded)
		p.walk.folded++
		p.walk.failures = 0
		ext, err := p.extend(b, true)
		if err != nil {
			return err
		}
		if ext == nil { // refused
			p.walk.restart(true, time.Now())
			return nil
		}
		p.walk.note(b, ext.Added+ext.Side > 0)
		full := len(b.batch.Headers) == fullBatch
		if full && p.walk.astray != 0 && (p.walk.barren > maxBarren || b.from != p.walk.astray) {
			p.survey.say(p.walk.astray, failed, time.Now())
			p.walk.restart(true, time.Now())
			return nil
		}
		if !full || p.walk.barren > maxBarren {
			p.survey.say(b.from, settled, time.Now())
			p.survey.leading = false
			p.walk.restart(false, time.Now())
			return nil
		}
	}
}

// ask asks one peer for the headers it has beyond ours.
func (p *pursuit) ask(id uint64) error {
	tip := p.staged.Tip
	locator, err := p.store.Locator()
	if err != nil {
		return err
	}
	p.workers.do(func(ctx context.Context) fold {
		payload, err := p.cfg.Peers.HeadersFrom(ctx, id, locator, chainhash.Hash{})
		var b prepared
		if err == nil {
			b.batch, b.err = chain.PrepareHeaders(p.cfg.Params, payload)
			b.from = id
		}
		return func() error { return p.answered(id, tip, b, err) }
	})
	return nil
}

// answered takes the reply of one peer that was asked what it has beyond the tip of
// that time.
func (p *pursuit) answered(id uint64, tip chain.BlockID, b prepared, err error) error {
	if err != nil {
		p.cfg.Log.Debug("No answer to getheaders", "peer", id, "err", err)
		p.survey.say(id, failed, time.Now())
		return nil
	}
	ext, err := p.extend(b, true)
	switch {
	case err != nil:
		return err
	case ext == nil: // refused
	case len(b.batch.Headers) >= fullBatch && (ext.Added+ext.Side > 0 || p.anyUnknown(b.batch.Hashes[fullBatch-1:])):
		// There may be more, also if these are known from a side branch that was
		// not fetched to its end.
		p.survey.say(id, unasked, time.Now())
		p.survey.leading = true
	case len(b.batch.Headers) >= fullBatch && tip != p.staged.Tip:
		// What it sent came from others meanwhile; it may have more.
		p.survey.say(id, unasked, time.Now())
	default:
		p.survey.say(id, settled, time.Now())
	}
	return nil
}

// announced takes headers that a peer sent by itself.
func (p *pursuit) announced(id uint64, payload []byte) {
	p.workers.do(func(context.Context) fold {
		batch, err := chain.PrepareHeaders(p.cfg.Params, payload)
		return func() error {
			_, err := p.extend(prepared{batch: batch, from: id, err: err}, false)
			return err
		}
	})
}

// extend puts a batch on the chain. It returns nil without an error when the
// batch was refused: then its sender has failed in the survey, and has been
// accused if what it sent is proven wrong. Headers that do not connect are no
// fault of an announcement: its sender is asked for those between.
func (p *pursuit) extend(b prepared, asked bool) (*chain.Extension, error) {
	now := time.Now()
	var ext chain.Extension
	err := b.err
	if err == nil {
		ext, err = p.store.Extend(b.batch, b.from, p.cfg.Now())
	}
	p.touched()
	if ext.Reorg != nil { // also if a later header of the batch is refused
		p.reorganised(ext.Reorg)
	}
	var broken *chain.RuleError
	switch {
	case errors.Is(err, chain.ErrOrphan), errors.Is(err, errGoesBack):
		p.cfg.Log.Debug("Headers lead nowhere", "peer", b.from, "err", err)
		if asked {
			p.survey.say(b.from, failed, now)
		} else {
			p.survey.reopen(b.from, now)
		}
		return nil, nil
	case errors.As(err, &broken):
		p.refuse(b.from, broken, &ext)
		return nil, nil
	case errors.Is(err, chain.ErrOutOfReach):
		// It says nothing about the headers. A long side branch may need an ancestor
		// that was not kept.
		p.cfg.Log.Warn("Headers cannot be checked", "peer", b.from, "err", err)
		p.survey.say(b.from, failed, now)
		return nil, nil
	case err != nil:
		return nil, err
	}
	p.refusals.accepted(b.from)
	p.denials.passed(p.staged.Tip.Height)
	p.warnOfDenials()
	if n := len(b.batch.Hashes); n > 0 && b.batch.Hashes[n-1] == p.staged.Tip.Hash {
		p.cfg.Peers.Credit(b.from, uint32(p.staged.Tip.Height))
	}
	return &ext, nil
}

// refuse takes the consequences of headers that break a rule.
func (p *pursuit) refuse(id uint64, broken *chain.RuleError, ext *chain.Extension) {
	p.cfg.Log.Warn("Headers refused", "peer", id, "err", broken)
	p.survey.say(id, failed, time.Now())
	p.refusals.add(id, broken)
	if broken.Rule == chain.RuleWaypoint {
		p.contradicted(id, broken, ext)
		return
	}
	p.accuse(id, broken)
}

// accuse reports a broken rule, unless it may be our clock that is wrong: then
// users are told.
func (p *pursuit) accuse(id uint64, broken *chain.RuleError) {
	if broken.Rule.Proven() {
		p.cfg.Peers.Accuse(id, broken)
	}
	if broken.Rule == chain.RuleFutureTime {
		p.warn("future-block", fmt.Sprintf("A peer sent block %s with a time more than two hours ahead of this machine's clock.",
			grouped(broken.Block.Height)), "Check this machine's clock.")
	}
}

// reorganised takes note that the main chain changed: filters above the fork
// have to be fetched anew.
func (p *pursuit) reorganised(re *chain.Reorganisation) {
	p.plan = newFilterPlan(p.staged.Filters.Height)
	depth := len(re.Reverted)
	if depth >= p.cfg.DeepReorg {
		p.warn("deep-reorg", fmt.Sprintf("A reorganisation took back %d blocks above block %s.", depth, grouped(re.Fork.Height)),
			"Check payments that were confirmed in these blocks.")
	}
	p.status.Reorgs++
	p.status.LastReorg = &Reorg{At: time.Now(), Fork: re.Fork, From: re.From, To: re.To, Depth: depth}
	p.cfg.Log.Info("Chain reorganised", "depth", depth, "fork", re.Fork.Height, "from", re.From.Hash, "to", re.To.Hash)
}
