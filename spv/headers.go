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

// Facts of a headers message (wire: MaxBlockHeadersPerMsg), and bounds of the
// tail fetch.
const (
	fullBatch    = 2000                     // headers in a message that says: there may be more
	headerStride = consensus.HeaderSize + 1 // a header and its transaction count, which is zero
	tailDepth    = 4                        // batches fetched ahead of the last one applied

	tailPause    = 200 * time.Millisecond // before the first retry; doubled each time
	maxTailPause = 5 * time.Second
	tailPatience = 3 * time.Second   // for one reply, if another peer can be asked,
	slowPatience = 10 * tailPatience // and at most where replies take long
	tailCopies   = 2                 // requests for the same batch
)

// tailFetch is the run of getheaders requests, one at a time, that carries the
// first sync. It begins at the tip of the main chain, and each batch continues the one
// before. The next batch is asked for as soon as one has come, while that
// one is still being verified; batches are applied in the order of the chain. A batch
// that takes long is asked for once more, and the reply that comes first is taken.
//
// A reply that does not continue the tail fetch says nothing about it: its sender is on
// another branch, is behind, or ignores the locator. It is handled as the peer's own
// answer, see asking.go, and the batch is requested from another peer.
type tailFetch struct {
	id       int              // of this fetch; what belongs to an older one is dropped
	asking   int              // requests for the next batch that are on their way
	fetched  int              // batches that have come
	applied  int              // batches that were applied
	ready    map[int]prepared // verified batches by number
	locator  []chainhash.Hash // the last header fetched, where the next request starts; empty: at the chain's tip
	ended    bool             // the last batch was not full
	guide    p2p.PeerID       // the peer whose chain goes on after the tip, which is asked first; zero for any
	apart    []p2p.PeerID     // the peers whose replies did not continue the tail fetch
	failures int              // in a row
	since    time.Time        // when the next batch was first asked for
	least    time.Duration    // that any batch took; zero before the first
	pause    time.Time        // no request before
}

// prepared is a batch of headers after the checks that need no context.
type prepared struct {
	batch *consensus.HeaderBatch
	from  p2p.PeerID
	err   error
	late  bool // the request was answered by another peer, or given up
}

// idle reports whether nothing is on its way or waits to be applied.
func (w *tailFetch) idle() bool { return w.asking == 0 && w.fetched == w.applied }

// mayFetch reports whether the next request may be made, if so many peers could be
// asked. Where batches take long, as on a slow line, they are not asked for twice.
func (w *tailFetch) mayFetch(peers int, now time.Time) bool {
	switch {
	case w.ended || w.fetched-w.applied >= tailDepth || now.Before(w.pause):
		return false
	case w.asking == 0:
		return peers > 0
	}
	return peers > 1 && w.asking < tailCopies && now.Sub(w.since) >= patienceFor(w.least)
}

// patienceFor returns how long a reply may take where an earlier one took so long:
// more on a slow line, on which asking others would only make it slower.
func patienceFor(took time.Duration) time.Duration {
	return min(max(tailPatience, 2*took), slowPatience)
}

// ask takes note of a request for the next batch.
func (w *tailFetch) ask(now time.Time) {
	if w.asking == 0 {
		w.since = now
	}
	w.asking++
}

// arrived takes note that the next batch has come, and returns its number.
func (w *tailFetch) arrived(payload []byte, now time.Time) int {
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

// restart abandons the tail fetch: the next request starts at the chain's tip. After
// failures it waits a little longer each time.
func (w *tailFetch) restart(failed bool, now time.Time) {
	next := tailFetch{id: w.id + 1, least: w.least, ready: make(map[int]prepared)}
	if failed {
		next.failures = w.failures + 1
		next.pause = now.Add(min(tailPause<<min(next.failures, 10), maxTailPause))
	}
	*w = next
}

// fetchHeaders asks for the headers that are due: during the tail fetch, all ranges
// between waypoints and then one long run of one peer at a time; besides and after
// that each peer for what it has beyond.
func (p *loop) fetchHeaders() error {
	now := time.Now()
	if p.tips.fetchingTail {
		if err := p.fetchTail(now); err != nil {
			return err
		}
	}
	for _, id := range p.tips.due(now) {
		p.tips.ask(id, now)
		if err := p.ask(id); err != nil {
			return err
		}
	}
	return nil
}

// fetchTail makes the next requests of the plan, or that of the tail fetch. It is
// over when no peer is left that could continue it.
func (p *loop) fetchTail(now time.Time) error {
	peers := p.tips.tailPeers()
	if len(peers) > 0 && !p.ranges.done() {
		return p.fetchRanges(now)
	}
	onward := slices.DeleteFunc(peers, func(id p2p.PeerID) bool { return slices.Contains(p.tail.apart, id) })
	switch {
	case p.tail.mayFetch(len(onward), now):
		return p.requestTail(now)
	case len(onward) == 0 && (p.tips.shown() || len(peers) > 0) && p.tail.idle() && p.ranges.idle():
		p.tips.fetchingTail = false
		p.tail.restart(false, now)
	}
	return nil
}

// requestTail asks the best peer for the next batch of the tail fetch: the guide, if there is one and
// it does not take long.
func (p *loop) requestTail(now time.Time) error {
	locator, err := p.store.Locator()
	if err != nil {
		return err
	}
	locator = slices.Concat(p.tail.locator, locator)
	avoid, fetch, number := slices.Concat(p.tips.exhausted(), p.tips.later(), p.tail.apart), p.tail.id, p.tail.fetched
	if guide := p.tail.guide; p.tail.asking == 0 && p.tips.isTailPeer(guide) {
		avoid = slices.DeleteFunc(p.tips.live(), func(id p2p.PeerID) bool { return id == guide })
	}
	p.tail.ask(now)
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		payload, from, err := p.cfg.Peers.Headers(ctx, avoid, locator, chainhash.Hash{})
		return func() error {
			if err == nil && continues(locator[0], payload) {
				p.tips.heard(from)
			}
			if fetch == p.tail.id && number == p.tail.fetched {
				p.receivedTail(locator, payload, from, err)
			} else if err == nil {
				p.proveLateHeaders(from, locator, payload)
			}
			return nil
		}
	})
	return nil
}

// receivedTail records the first reply to a request for the next batch of the tail fetch, or one of
// its failures: the next one may start while this one is prepared.
func (p *loop) receivedTail(locator []chainhash.Hash, payload []byte, from p2p.PeerID, err error) {
	if err != nil {
		p.cfg.Log.Debug("No headers", "peer", from, "err", err)
		p.tips.say(from, failed, time.Now())
		if p.tail.asking--; p.tail.asking == 0 {
			p.tail.restart(true, time.Now())
		}
		return
	}
	if !continues(locator[0], payload) {
		p.tail.asking--
		p.tail.apart = append(p.tail.apart, from)
		p.prepareAnswer(from, locator, payload)
		return
	}
	fetch, number := p.tail.id, p.tail.arrived(payload, time.Now())
	p.tips.replied(from, p.tail.least)
	p.jobs.Do(func(context.Context) jobs.Result {
		batch, err := p.prepare(from, payload)
		return func() error {
			if fetch != p.tail.id {
				return nil
			}
			p.tail.ready[number] = prepared{batch: batch, from: from, err: err}
			return p.applyTail()
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

// applyWalk puts the batches that are ready on the chain, in order.
func (p *loop) applyTail() error {
	for {
		b, ok := p.tail.ready[p.tail.applied]
		if !ok {
			return nil
		}
		if may, err := p.mayApply(); !may || err != nil {
			return err
		}
		delete(p.tail.ready, p.tail.applied)
		p.tail.applied++
		p.tail.failures = 0
		fetch := p.tail.id
		ext, err := p.extend(b, true)
		if err != nil {
			return err
		}
		if ext == nil { // refused
			p.tail.restart(true, time.Now())
			return nil
		}
		p.tips.progressed(b.from, time.Now())
		if len(b.batch.Headers) < fullBatch {
			p.tips.say(b.from, caughtUp, time.Now())
			p.tips.fetchingTail = false
			p.tail.restart(false, time.Now())
		}
		if fetch != p.tail.id {
			return nil
		}
	}
}

// extend puts a batch on the chain. It returns nil without an error when the
// batch was refused: then its sender has failed in the tips of peers, and has been
// accused if what it sent is proven wrong. Headers that do not connect are no
// fault of an announcement: its sender is asked for those between.
func (p *loop) extend(b prepared, asked bool) (*chain.Extension, error) {
	now := time.Now()
	if p.defects.Report(b.err) {
		p.tips.refused(b.from, false, now)
		return nil, nil
	}
	var ext chain.Extension
	err := b.err
	var broken *consensus.RuleError
	if err == nil || errors.As(err, &broken) && b.batch != nil && len(b.batch.Headers) > 0 {
		var refused error // also if one of the headers after these broke a rule
		ext, refused = defect.Contain(b.from, func() (chain.Extension, error) {
			return p.store.Extend(b.batch, uint64(p.tips.source(b.from)), p.cfg.Now())
		})
		var failed *defect.Error
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
		p.tail.restart(false, now) // what it has fetched does not continue this chain
	}
	switch {
	case errors.Is(err, chain.ErrOrphan), errors.Is(err, errGoesBack):
		p.cfg.Log.Debug("Headers lead nowhere", "peer", b.from, "err", err)
		switch {
		case b.late && errors.Is(err, errGoesBack):
			p.useless(b.from, err)
		case b.late: // what they follow may have been given up with the request
		case !asked:
			p.tips.reopen(b.from, now)
		case errors.Is(err, errGoesBack):
			p.useless(b.from, err)
			fallthrough
		default:
			p.tips.refused(b.from, false, now)
		}
		return nil, nil
	case errors.As(err, &broken):
		p.refuse(b.from, broken, &ext)
		return nil, nil
	case errors.Is(err, consensus.ErrOutOfReach):
		// It says nothing about the headers. A long side branch may need an ancestor
		// that was not kept.
		p.cfg.Log.Warn("Headers cannot be checked", "peer", b.from, "err", err)
		p.tips.say(b.from, failed, now)
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
func (p *loop) refuse(id p2p.PeerID, broken *consensus.RuleError, ext *chain.Extension) {
	p.tips.refused(id, true, time.Now())
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
func (p *loop) accuse(id p2p.PeerID, broken *consensus.RuleError) {
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
func (p *loop) reorganised(re *chain.Reorganisation) {
	p.filters.Restart()
	depth := len(re.Reverted)
	if depth >= p.cfg.DeepReorg {
		p.warn("deep-reorg", fmt.Sprintf("A reorganisation took back %d blocks above block %s.", depth, grouped(re.Fork.Height)),
			"Check payments that were confirmed in these blocks.")
	}
	p.status.Reorgs++
	p.status.LastReorg = &Reorg{At: time.Now(), Fork: re.Fork, From: re.From, To: re.To, Depth: depth}
	p.cfg.Log.Info("Chain reorganised", "depth", depth, "fork", re.Fork.Height, "from", re.From.Hash, "to", re.To.Hash)
}
