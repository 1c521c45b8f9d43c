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
)

// Facts of a headers message (wire: MaxBlockHeadersPerMsg), and bounds of the
// walk.
const (
	fullBatch    = 2000                     // headers in a message that says: there may be more
	headerStride = consensus.HeaderSize + 1 // a header and its transaction count, which is zero
	walkDepth    = 4                        // batches fetched ahead of the last one folded

	walkPause    = 200 * time.Millisecond // before the first retry; doubled each time
	maxWalkPause = 5 * time.Second
	walkPatience = 3 * time.Second   // for one reply, if another peer can be asked,
	slowPatience = 10 * walkPatience // and at most where replies take long
	walkCopies   = 2                 // requests for the same batch
)

// headerWalk is the run of getheaders requests, one at a time, that leads the
// first sync. It begins at the tip of the main chain, and each batch continues the one
// before. The next batch is asked for as soon as one has come, while that
// one is still being verified; batches are folded in the order of the chain. A batch
// that takes long is asked for once more, and the reply that comes first is taken.
//
// A reply that does not continue the walk says nothing about it: its sender is on
// another branch, is behind, or ignores the locator. It is handled as the peer's own
// answer, see asking.go, and the batch is requested from another peer.
type headerWalk struct {
	id       int              // of this walk; what belongs to an older one is dropped
	asking   int              // requests for the next batch that are on their way
	fetched  int              // batches that have come
	folded   int              // batches that were folded
	ready    map[int]prepared // verified batches by number
	locator  []chainhash.Hash // the last header fetched, where the next request starts; empty: at the chain's tip
	ended    bool             // the last batch was not full
	guide    uint64           // the peer whose chain goes on after the tip, which is asked first; zero for any
	apart    []uint64         // the peers whose replies did not continue the walk
	failures int              // in a row
	since    time.Time        // when the next batch was first asked for
	least    time.Duration    // that any batch took; zero before the first
	pause    time.Time        // no request before
}

// prepared is a batch of headers after the checks that need no context.
type prepared struct {
	batch *consensus.HeaderBatch
	from  uint64
	err   error
	late  bool // the request was answered by another peer, or given up
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
		last := consensus.Header(payload[len(payload)-headerStride : len(payload)-1])
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
// between waypoints and then one long run of one peer at a time; besides and after
// that each peer for what it has beyond.
func (p *pursuit) fetchHeaders() error {
	now := time.Now()
	if p.survey.leading {
		if err := p.keepLeading(now); err != nil {
			return err
		}
	}
	for _, id := range p.survey.due(now) {
		p.survey.ask(id, now)
		if err := p.ask(id); err != nil {
			return err
		}
	}
	return nil
}

// keepLeading makes the next requests of the plan, or that of the walk. The lead is
// over when no peer is left that could continue it.
func (p *pursuit) keepLeading(now time.Time) error {
	leads := p.survey.leads()
	if len(leads) > 0 && !p.spans.done() {
		return p.fetchSpans(now)
	}
	onward := slices.DeleteFunc(leads, func(id uint64) bool { return slices.Contains(p.walk.apart, id) })
	switch {
	case p.walk.mayFetch(len(onward), now):
		return p.lead(now)
	case len(onward) == 0 && (p.survey.shown() || len(leads) > 0) && p.walk.idle() && p.spans.idle():
		p.survey.leading = false
		p.walk.restart(false, now)
	}
	return nil
}

// lead asks the best peer for the next batch of the walk: the guide, if there is one and
// it does not take long.
func (p *pursuit) lead(now time.Time) error {
	locator, err := p.store.Locator()
	if err != nil {
		return err
	}
	locator = slices.Concat(p.walk.locator, locator)
	avoid, walk, number := slices.Concat(p.survey.exhausted(), p.survey.later(), p.walk.apart), p.walk.id, p.walk.fetched
	if guide := p.walk.guide; p.walk.asking == 0 && p.survey.leadsFrom(guide) {
		avoid = slices.DeleteFunc(p.survey.live(), func(id uint64) bool { return id == guide })
	}
	p.walk.ask(now)
	p.workers.do(func(ctx context.Context) fold {
		payload, from, err := p.cfg.Peers.Headers(ctx, avoid, locator, chainhash.Hash{})
		return func() error {
			if err == nil && continues(locator[0], payload) {
				p.survey.heard(from)
			}
			if walk == p.walk.id && number == p.walk.fetched {
				p.led(locator, payload, from, err)
			} else if err == nil {
				p.proveLateHeaders(from, locator, payload)
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
	if !continues(locator[0], payload) {
		p.walk.asking--
		p.walk.apart = append(p.walk.apart, from)
		p.prepareAnswer(from, locator, payload)
		return
	}
	walk, number := p.walk.id, p.walk.arrived(payload, time.Now())
	p.survey.replied(from, p.walk.least)
	p.workers.do(func(context.Context) fold {
		batch, err := p.prepare(from, payload)
		return func() error {
			if walk != p.walk.id {
				return nil
			}
			p.walk.ready[number] = prepared{batch: batch, from: from, err: err}
			return p.foldWalk()
		}
	})
}

// continues reports whether the first header of a payload, if there is one, is the child
// of a block.
func continues(block chainhash.Hash, payload []byte) bool {
	n := len(payload) / headerStride
	if n == 0 {
		return true
	}
	first := consensus.Header(payload[len(payload)-n*headerStride:][:consensus.HeaderSize])
	return first.PrevBlock() == block
}

// foldWalk puts the batches that are ready on the chain, in order.
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
		walk := p.walk.id
		ext, err := p.extend(b, true)
		if err != nil {
			return err
		}
		if ext == nil { // refused
			p.walk.restart(true, time.Now())
			return nil
		}
		p.survey.progressed(b.from, time.Now())
		if len(b.batch.Headers) < fullBatch {
			p.survey.say(b.from, settled, time.Now())
			p.survey.leading = false
			p.walk.restart(false, time.Now())
		}
		if walk != p.walk.id {
			return nil
		}
	}
}

// extend puts a batch on the chain. It returns nil without an error when the
// batch was refused: then its sender has failed in the survey, and has been
// accused if what it sent is proven wrong. Headers that do not connect are no
// fault of an announcement: its sender is asked for those between.
func (p *pursuit) extend(b prepared, asked bool) (*chain.Extension, error) {
	now := time.Now()
	if p.failedOver(b.err) {
		p.survey.refused(b.from, false, now)
		return nil, nil
	}
	var ext chain.Extension
	err := b.err
	var broken *consensus.RuleError
	if err == nil || errors.As(err, &broken) && b.batch != nil && len(b.batch.Headers) > 0 {
		var refused error // also if one of the headers after these broke a rule
		ext, refused = contained(b.from, func() (chain.Extension, error) {
			return p.store.Extend(b.batch, p.survey.source(b.from), p.cfg.Now())
		})
		var failed *defect
		if errors.As(refused, &failed) { // the store may be halfway
			return nil, refused
		}
		if err == nil || refused != nil && !errors.Is(refused, chain.ErrOrphan) {
			err = refused
		}
	}
	p.touched()
	if ext.Reorg != nil { // also if a later header of the batch is refused
		p.reorganised(ext.Reorg)
		p.walk.restart(false, now) // what it has fetched does not continue this chain
	}
	switch {
	case errors.Is(err, chain.ErrOrphan), errors.Is(err, errGoesBack):
		p.cfg.Log.Debug("Headers lead nowhere", "peer", b.from, "err", err)
		switch {
		case b.late && errors.Is(err, errGoesBack):
			p.useless(b.from, err)
		case b.late: // what they follow may have been given up with the request
		case !asked:
			p.survey.reopen(b.from, now)
		case errors.Is(err, errGoesBack):
			p.useless(b.from, err)
			fallthrough
		default:
			p.survey.refused(b.from, false, now)
		}
		return nil, nil
	case errors.As(err, &broken):
		p.refuse(b.from, broken, &ext)
		return nil, nil
	case errors.Is(err, consensus.ErrOutOfReach):
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
func (p *pursuit) refuse(id uint64, broken *consensus.RuleError, ext *chain.Extension) {
	p.survey.refused(id, true, time.Now())
	p.refusals.add(id, broken)
	if broken.Rule == consensus.RuleWaypoint {
		p.cfg.Log.Warn("Headers refused", "peer", id, "err", broken)
		p.contradicted(id, broken, ext)
		return
	}
	if p.disputed(id, broken) {
		p.cfg.Log.Debug("Headers refused", "peer", id, "err", broken)
		return
	}
	p.cfg.Log.Warn("Headers refused", "peer", id, "err", broken)
	p.accuse(id, broken)
}

// accuse reports a broken rule, unless it may be our clock that is wrong: then
// users are told.
func (p *pursuit) accuse(id uint64, broken *consensus.RuleError) {
	if broken.Rule.Proven() {
		p.cfg.Peers.Accuse(id, broken)
	}
	if broken.Rule == consensus.RuleFutureTime {
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
