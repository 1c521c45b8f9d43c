package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/match"
)

// stepTime is how long anything that the wallet could have waits for more of it:
// what is applied is what survives a kill, and what the status shows.
const stepTime = 300 * time.Millisecond

// scanner takes the wallet along, in steps. Filters are matched, and blocks fetched,
// ahead of each place where a step may start; the steps come after.
type scanner struct {
	step    *track        // where the step that is under way starts; nil while there is none
	tracks  []*track      // those of earlier steps, the newest first
	placing bool          // a job finds out where the next step starts
	working bool          // the step is composed or applied
	writing bool          // the wallet applies a step, which may have been dropped since
	grew    bool          // the step was given to the wallet, which has come to watch more
	update  *chain.Update // the step; nil until it is composed
	since   time.Time     // the last step
	spare   []*match.Matcher
	memory  []chain.Block // of the last step's blocks, for those of the next one
}

// track is what is done ahead of a place where the wallet stands.
type track struct {
	plan    *scanPlan
	list    watchlist
	ctx     context.Context // of the jobs
	cancel  context.CancelFunc
	tip     consensus.BlockID   // of the filters when the chain was last seen to lead there
	locator []consensus.BlockID // the wallet's, for the step that starts here
	reverts bool                // the step begins with blocks to take back
}

// newestBlocks is how many blocks at the tip of the filters the wallet is not given while
// the chain is being caught up with: one peer alone may have shown them yet. They are
// matched and fetched nevertheless.
const newestBlocks consensus.Height = 2016

// keptTracks is how many places are remembered besides that of the step: a wallet
// may be searched for at its tip and in old blocks in turns.
const keptTracks = 2

// scanDone reports whether the wallet is at the tip of the filters.
func (p *loop) scanDone() bool {
	return !p.scanner.working && !p.scanner.writing && p.scanned == p.store.State().Filters
}

// scan takes the wallet along to the tip of the filters.
func (p *loop) scan() {
	tip := p.store.State().Filters
	if !p.watching {
		p.scanned = tip
	}
	if !p.scanDone() {
		p.scanUpTo(tip.Height)
	}
}

// scanBehind takes the wallet along behind the filters that are written, while headers
// and filters come. Filters below DCP0005 may be replaced until they are proven.
func (p *loop) scanBehind() {
	state := p.store.State()
	limit := state.Filters.Height - newestBlocks
	if p.watching && state.EarlyProven && p.scanned.Height < limit {
		p.scanUpTo(limit)
	}
}

// scanUpTo takes the wallet along up to a height, by starting what is due: a step,
// matching and fetching ahead, and the end of the step. Below the tip of the filters
// updates say that there are more blocks, so that the wallet does not search for what
// it has found in older blocks before it is at the tip.
func (p *loop) scanUpTo(limit consensus.Height) {
	s, tip := &p.scanner, p.store.State().Filters
	if s.placing || s.step == nil && s.writing {
		return
	}
	if s.step != nil && !s.working && tip != s.step.tip && !p.leadsTo(s.step, tip) {
		s.drop()
	}
	if s.step == nil && !p.begin(tip, limit) {
		return
	}
	t := s.step
	t.plan.room = heldBytes
	if !p.ranges.done() {
		t.plan.room /= 2
	}
	step := stepBlocks
	if limit < tip.Height {
		step /= 4 // headers and filters need memory too
	}
	last, whole := t.plan.ready(min(limit, t.plan.base.Height+step), t.list.count())
	if limit < tip.Height && last < t.plan.base.Height+step {
		whole = whole && t.reverts // more filters come
	}
	if !s.working && (last > t.plan.base.Height || t.reverts && whole) && (whole || time.Since(s.since) >= stepTime) {
		p.compose(t, last)
	}
	p.matchAhead(t, tip.Height)
	p.fetchAhead(t)
}

// leadsTo reports whether the chain up to a tip goes through a track's place.
func (p *loop) leadsTo(t *track, tip consensus.BlockID) bool {
	t.tip = tip
	hash, err := p.store.Hash(t.plan.base.Height)
	return err == nil && hash == t.plan.base.Hash
}

// begin begins a step towards a height where the wallet says, and reports whether it is
// known where on the chain that is. Otherwise a job finds out.
func (p *loop) begin(tip consensus.BlockID, limit consensus.Height) bool {
	var seen []consensus.BlockID // where there is nothing to do, there may be somewhere else
	for {
		locator := p.cfg.Wallet.Locator()
		if len(locator) == 0 || slices.Contains(seen, locator[0]) {
			break
		}
		seen = append(seen, locator[0])
		if locator[0] == tip || limit < tip.Height && locator[0].Height >= limit {
			continue
		}
		t := p.scanner.resume(locator)
		if t == nil {
			p.place(locator, tip)
			return false
		}
		if t.list.take(p.cfg.Wallet.Scripts()) || tip != t.tip && !p.leadsTo(t, tip) {
			t.cancel()
			p.place(locator, tip)
			return false
		}
		p.scanner.step = t
		return true
	}
	p.readWallet()
	return false
}

// resume returns the track of a place, if there is one, and takes it off the list.
func (s *scanner) resume(locator []consensus.BlockID) *track {
	i := slices.IndexFunc(s.tracks, func(t *track) bool { return t.plan.base == locator[0] })
	if i < 0 {
		return nil
	}
	t := s.tracks[i]
	s.tracks = slices.Delete(s.tracks, i, i+1)
	t.locator = locator
	return t
}

// leave ends the step and keeps its track.
func (s *scanner) leave() {
	s.tracks = slices.Insert(s.tracks, 0, s.step)
	s.step, s.working, s.grew, s.update, s.since = nil, false, false, nil, time.Now()
	for len(s.tracks) > keptTracks {
		s.tracks[keptTracks].cancel()
		s.tracks = s.tracks[:keptTracks]
	}
}

// drop ends the step and what is under way for it.
func (s *scanner) drop() {
	s.step.cancel()
	s.step, s.working, s.grew, s.update = nil, false, false, nil
}

// held returns the bytes of the blocks that are on their way or wait to be applied.
func (s *scanner) held() (n int) {
	for _, t := range s.tracks {
		n += t.plan.size
	}
	if s.step != nil {
		n += s.step.plan.size
	}
	return n
}

// keeps reports whether a track was not dropped.
func (s *scanner) keeps(t *track) bool { return t == s.step || slices.Contains(s.tracks, t) }

// place finds out where on the chain the wallet stands, and begins a track and a step
// there.
func (p *loop) place(locator []consensus.BlockID, tip consensus.BlockID) {
	s := &p.scanner
	s.placing = true
	p.jobs.Do(func(context.Context) jobs.Result {
		u, err := p.store.Since(locator, 0)
		return func() error {
			s.placing = false
			if err != nil {
				return err
			}
			t := &track{plan: newScanPlan(forkOf(locator, &u)), tip: tip, locator: locator, reverts: len(u.Reverted) > 0}
			t.ctx, t.cancel = context.WithCancel(p.jobs.Context())
			t.list.take(p.cfg.Wallet.Scripts())
			s.step, s.since = t, time.Now()
			return nil
		}
	})
}

// forkOf returns the block of a locator that an update stands on.
func forkOf(locator []consensus.BlockID, u *chain.Update) consensus.BlockID {
	return locator[len(u.Reverted)]
}

// jobsPerProcessor is how many stretches are handed out for each processor: enough to
// keep it busy while the wallet is written, which waits for the disk.
const jobsPerProcessor = 4

// matchAhead starts the matching that is due.
func (p *loop) matchAhead(t *track, tip consensus.Height) {
	for {
		st, ok := t.plan.take(tip, t.list.count(), jobsPerProcessor*cap(p.turns))
		if !ok {
			return
		}
		p.matchStretch(t, st)
	}
}

// matchStretch matches a stretch against the scripts that it was not matched against
// yet.
func (p *loop) matchStretch(t *track, st *stretch) {
	s := &p.scanner
	watched, first, last := t.list.count(), st.first, st.last
	set, m := t.list.since(st.watched), s.matcher()
	p.jobs.Do(func(context.Context) jobs.Result {
		end, found, err := p.match(t.ctx, m, set, first, last)
		return func() error {
			s.spare = append(s.spare, m)
			if s.keeps(t) && err == nil && !t.plan.matched(st, watched, end, found) {
				err = chain.ErrStale
			}
			return p.judge(t, err)
		}
	})
}

// judge returns the error of a job for a track if it matters. That blocks have left
// the chain ends the track: the scan goes on from the fork.
func (p *loop) judge(t *track, err error) error {
	s := &p.scanner
	var bad *consensus.InvalidBlock
	switch {
	case errors.As(err, &bad):
		return bad
	case err == nil || !s.keeps(t):
		return nil
	case !blocks.LeftChain(err):
		return err
	case t == s.step:
		s.drop()
	default:
		t.cancel()
		s.tracks = slices.DeleteFunc(s.tracks, func(o *track) bool { return o == t })
	}
	return nil
}

// matcher returns a matcher that no job uses.
func (s *scanner) matcher() *match.Matcher {
	if len(s.spare) == 0 {
		return new(match.Matcher)
	}
	m := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	return m
}

// fetchAhead fetches the matched blocks that there is room for.
func (p *loop) fetchAhead(t *track) {
	for {
		h, ok := t.plan.fetch(len(p.tips.peers))
		if !ok {
			return
		}
		p.jobs.Do(func(context.Context) jobs.Result {
			msg, from, err := p.blocks.Fetch(t.ctx, h.BlockID, &h.header, blocks.OnMain(p.store))
			return func() error {
				if err == nil {
					t.plan.fetched(h.Height, msg, from)
				}
				return p.judge(t, err)
			}
		})
	}
}

// compose makes the step of what is matched and fetched up to a height.
func (p *loop) compose(t *track, last consensus.Height) {
	s := &p.scanner
	base, locator, watched := t.plan.base, t.locator, t.list.count()
	ends, blocks := t.plan.ends(last), t.plan.upTo(last)
	memory := s.memory
	s.working, t.plan.applying, s.memory = true, true, nil
	p.jobs.Do(func(context.Context) jobs.Result {
		u, err := p.compiled(memory, locator, base, last, ends, blocks)
		return func() error {
			switch {
			case err != nil || t != s.step:
				return p.judge(t, err)
			case watched != t.list.count():
				s.working, t.plan.applying = false, false
				return nil
			}
			s.update = &u
			p.apply(t)
			return nil
		}
	})
}

// apply gives the wallet the step, in a job: many wallets take their time, and the
// chain goes on meanwhile. No other step begins before it is done.
func (p *loop) apply(t *track) {
	u := p.scanner.update
	if u.Empty() {
		p.applied(t)
		return
	}
	p.scanner.writing = true
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		grown, err := p.cfg.Wallet.Apply(ctx, *u)
		return func() error {
			p.scanner.writing = false
			var bad *consensus.InvalidBlock
			switch {
			case errors.As(err, &bad):
				if from := t.plan.sender(bad.Block); from != 0 {
					p.cfg.Peers.Accuse(from, bad) // no node that checks blocks has it
				}
				return bad
			case err != nil:
				return fmt.Errorf("wallet: %w", err)
			case t != p.scanner.step:
				p.readWallet()
			case grown:
				p.grown(t)
			default:
				p.applied(t)
			}
			return nil
		}
	})
}

// grown gives the step up because the wallet has come to watch more, and has applied
// nothing: the plan matches the same blocks against these scripts and fetches what
// matches, within its bounds, and the next step starts at the same block.
func (p *loop) grown(t *track) {
	s := &p.scanner
	t.list.extend(p.cfg.Wallet.Scripts())
	clear(s.update.Applied) // it keeps no transactions
	s.memory = s.update.Applied
	s.working, s.grew, s.update, t.plan.applying = false, true, nil, false
}

// applied ends the step that the wallet was taken along.
func (p *loop) applied(t *track) {
	s := &p.scanner
	u := s.update
	base := t.plan.base
	if n := len(u.Applied); n > 0 {
		base = u.Applied[n-1].BlockID
	}
	t.plan.advance(base)
	t.reverts = false
	clear(u.Applied) // it keeps no transactions
	s.memory = u.Applied
	s.leave()
	p.readWallet()
}

// readWallet takes over how far the wallet has got: it may have come to watch
// something, or gone back to search old blocks again. A step that is under way is
// left alone, but for the scripts it is matched against: once it was given to the wallet,
// those of it that have applied it want nothing more of it.
func (p *loop) readWallet() {
	p.relay.WalletChanged()
	s := &p.scanner
	p.takeScanned()
	switch t := s.step; {
	case t == nil || s.working:
	case s.grew:
		t.list.extend(p.cfg.Wallet.Scripts())
	case t.list.take(p.cfg.Wallet.Scripts()):
		s.drop()
	}
}

// takeScanned takes over how far the wallet is, or that there is nothing to scan
// for.
func (r *run) takeScanned() {
	r.showTroubles()
	r.scanned, r.watching = r.cfg.Wallet.Scanned()
	scripts, _ := r.cfg.Wallet.Scripts()
	r.progress.ScanFor(len(scripts))
	if !r.watching {
		r.scanned = r.store.State().Filters
	}
}

// lagging reports whether the wallet has more to scan than following brings.
func (p *loop) lagging() bool {
	return p.watching && p.store.State().Filters.Height-p.scanned.Height > p.cfg.Behind
}
