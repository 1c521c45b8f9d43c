package peer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
)

// Intervals of connections that are made to know more peers. Each is jittered over its upper
// half.
const (
	feelerEvery = 4 * time.Minute // an untested address is tried
	rotateEvery = time.Hour       // one outbound connection is replaced
	lookAgain   = 15 * time.Second
)

const (
	// searchTick is how often decisions are made while a connection exists for a short time
	// only.
	searchTick = 5 * time.Second

	// avoidBehind is how long the host of a peer is not chosen again that was disconnected
	// because others have sent newer blocks. A host that had no newer blocks than the others
	// during a search is not chosen again for avoidVisited, or until there is a new block.
	avoidBehind  = 6 * time.Hour
	avoidVisited = 2 * time.Hour
	maxAvoided   = 4096

	// Ports other than the network's are dialled rarely, unless a node has answered there:
	// else an announcement could direct our dials at any port of any host. The shorter pause
	// is for a pool without any connection.
	oddPortEvery = 5 * time.Minute
	oddPortAlone = time.Minute

	// diversifyEvery is the pause between attempts to replace one of two peers that share
	// a network group.
	diversifyEvery = 10 * time.Second

	// staleBlocks is for how many block intervals a peer may be behind the others before it
	// is replaced: by chance that happens once in 160,000 blocks.
	staleBlocks = 12

	// manyFailures is how many outbound connections in a row have to fail, or end within a
	// minute, before there is a pause after each.
	manyFailures = 8
	failedPause  = 4 * time.Second
)

// slot is an outbound connection, or one that is being made. The pool's lock guards it.
type slot struct {
	id      int
	to      addrbook.Candidate
	purpose dialing.Purpose
	base    uint32  // the greatest credited height of the best chain when the connection was begun
	member  *member // nil while it is being made
}

// avoidance is until when a host is not chosen.
type avoidance struct {
	until   time.Time
	visited bool // it had no newer blocks than the others; ends with a new block
}

// outbound is the state of the outbound connections. The pool's lock guards it.
type outbound struct {
	slots       []*slot
	lastID      int
	top         uint32               // the greatest height of the best chain that a peer was credited for
	announcedAt time.Time            // when the peer was credited
	avoid       map[string]avoidance // hosts not to be chosen
	rotateAt    time.Time
	replaceAt   time.Time // when the next peer that is behind may be replaced
	diverseAt   time.Time // when the next dial into another group may begin
	oddPortAt   time.Time // when a port other than the network's was dialled last
	failed      int       // connections that failed in a row
	dialAt      time.Time // when the next connection may be made
}

// choosesOutbound reports whether the pool chooses peers itself.
func (p *Pool) choosesOutbound() bool { return len(p.cfg.Connect) == 0 && p.cfg.Outbound > 0 }

// fill makes the outbound connections, each with a peer of the book, one after the other, as
// package dialing decides, until ctx ends.
func (p *Pool) fill(s *poolRun) {
	ctx := s.ctx
	for {
		p.applyDecision()
		if !p.hasChoice() {
			if !p.idle(ctx) {
				return
			}
			continue
		}
		done, ok := p.connectivity.Gate(ctx)
		if !ok {
			return
		}
		chosen := p.chooseSlot()
		if chosen == nil {
			done()
			if !p.idle(ctx) {
				return
			}
			continue
		}
		s.wg.Go(func() { p.serveSlot(ctx, chosen, done) })
	}
}

// idle waits until the state that decisions depend on has changed, or for a while. It reports
// false if ctx ended.
func (p *Pool) idle(ctx context.Context) bool {
	d := dialing.Jitter(lookAgain, p.cfg.Rand())
	p.mu.Lock()
	if p.search.reason != "" || slices.ContainsFunc(p.out.slots, func(s *slot) bool { return s.purpose != dialing.Fill }) {
		d = searchTick
	}
	if left := time.Until(p.out.dialAt); left > 0 {
		d = min(d, left)
	}
	p.mu.Unlock()
	_, back := p.connectivity.Up()
	timer := wait.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-back:
	case <-p.dialDue:
	case <-timer.C():
	}
	return ctx.Err() == nil
}

// serveSlot makes an outbound connection and serves it to its end.
func (p *Pool) serveSlot(ctx context.Context, s *slot, done func()) {
	lived, why := p.session(ctx, s.to.Addr, Outbound, s, done)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.slots = slices.DeleteFunc(p.out.slots, func(o *slot) bool { return o == s })
	switch {
	case lived >= dialing.Stable:
		p.out.failed = 0
	case why.Reason != fault.ClosedByUs:
		p.out.failed++
	}
	poke(p.dialDue)
}

// failurePauseLocked returns the pause after a failed outbound connection.
func (p *Pool) failurePauseLocked(now time.Time) time.Duration {
	hasty := p.search.reason != "" && now.Sub(p.search.since) < dialing.HastyFor
	if p.out.failed < manyFailures || hasty {
		return 0
	}
	return dialing.Jitter(failedPause, p.cfg.Rand())
}

// stateLocked returns the stateLocked of the pool for the next decision.
func (p *Pool) stateLocked(now time.Time) dialing.State {
	s := dialing.State{
		Now:       now,
		Wanted:    p.cfg.Outbound,
		Searching: p.search.reason != "",
		Since:     p.search.since,
		RotateAt:  p.out.rotateAt,
		LastNews:  p.out.announcedAt,
		ReplaceAt: p.out.replaceAt,
	}
	if net := p.cfg.Params.Net; net == wire.MainNet || net == wire.TestNet3 { // on others blocks come at any time
		s.StaleAfter = staleBlocks * p.cfg.Params.TargetTimePerBlock
	}
	for _, o := range p.out.slots {
		x := dialing.Slot{ID: o.id, Group: o.to.Group, Purpose: o.purpose, Base: o.base}
		if m := o.member; m != nil && m.Live() {
			x.Connected, x.Since, x.Best, x.News = true, m.joined, m.best, m.announcedAt
		}
		s.Slots = append(s.Slots, x)
	}
	if shares(s.Slots) && !now.Before(p.out.diverseAt) {
		s.Unused = p.book.AnyDue(p.usableLocked(dialing.Diversify, now))
	}
	return s
}

// shares reports whether two connections are in one network group.
func shares(slots []dialing.Slot) bool {
	seen := make(map[string]bool, len(slots))
	for _, s := range slots {
		if seen[s.Group] {
			return true
		}
		seen[s.Group] = true
	}
	return false
}

// applyDecision promotes and ends connections as package dialing decides.
func (p *Pool) applyDecision() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	d := dialing.Decide(p.stateLocked(now))
	if d.Rotated {
		p.out.rotateAt = now.Add(dialing.Jitter(rotateEvery, p.cfg.Rand()))
	}
	for _, id := range d.Promote {
		s := p.slotLocked(id)
		s.purpose = dialing.Fill
		s.member.role = Outbound
	}
	for _, l := range d.Leave {
		s := p.slotLocked(l.ID)
		switch l.Why {
		case dialing.NotBetter:
			p.avoidHostLocked(s.to.Host, avoidance{now.Add(avoidVisited), true}, now)
		case dialing.Behind:
			p.avoidHostLocked(s.to.Host, avoidance{now.Add(avoidBehind), false}, now)
			p.out.replaceAt = now.Add(dialing.ReplaceWait)
			p.cfg.Log.Info("Peer has not sent the newest blocks, another one takes its place", "addr", s.to.Addr,
				"best", s.member.best, "since", now.Sub(s.member.announcedAt).Round(time.Second))
		}
		s.member.End(fault.New(fault.ClosedByUs, errors.New(whyLeft(l.Why))))
	}
}

// whyLeft returns the sentence for why a connection is ended.
func whyLeft(w dialing.Why) string {
	switch w {
	case dialing.NotBetter:
		return "it knows no more than other peers"
	case dialing.Behind:
		return "other peers have sent newer blocks"
	}
	return "another peer has its place"
}

// slotLocked returns the outbound connection with an id, which must exist.
func (p *Pool) slotLocked(id int) *slot {
	return p.out.slots[slices.IndexFunc(p.out.slots, func(s *slot) bool { return s.id == id })]
}

// avoidHostLocked keeps a host from being chosen for a while.
func (p *Pool) avoidHostLocked(host string, a avoidance, now time.Time) {
	for h, old := range p.out.avoid {
		if !now.Before(old.until) || len(p.out.avoid) >= maxAvoided {
			delete(p.out.avoid, h)
		}
	}
	p.out.avoid[host] = a
}

// advanced records that a peer has sent a new block of the best chain.
func (o *outbound) advanced(height uint32, now time.Time) {
	o.top, o.announcedAt = height, now
	maps.DeleteFunc(o.avoid, func(_ string, a avoidance) bool { return a.visited })
}

// hasChoice reports whether a connection is to be made and there is an address for it.
// Without one the fill loop does not wait at the gate, where other goroutines wait for their
// turn.
func (p *Pool) hasChoice() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	purpose := dialing.Decide(p.stateLocked(now)).Dial
	if purpose == dialing.None || now.Before(p.out.dialAt) {
		return false
	}
	return purpose == dialing.Fill && len(p.anchors) > 0 || p.book.AnyDue(p.usableLocked(purpose, now)) ||
		purpose == dialing.Fill && p.book.AnyDue(p.usableAgainLocked(now))
}

// chooseSlot begins the connection that package dialing decides on, to an address without a
// connection: to the anchors of the last run first, and in a network group of its own while
// there is one. It returns nil if there is none to make.
func (p *Pool) chooseSlot() *slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	purpose := dialing.Decide(p.stateLocked(now)).Dial
	if purpose == dialing.None {
		return nil
	}
	to, ok := p.chooseLocked(purpose, now)
	switch purpose {
	case dialing.Diversify:
		p.out.diverseAt = now.Add(diversifyEvery)
	case dialing.Rotate:
		if !ok {
			p.out.rotateAt = now.Add(dialing.Jitter(rotateEvery, p.cfg.Rand()))
		}
	}
	if !ok {
		return nil
	}
	p.out.lastID++
	s := &slot{id: p.out.lastID, to: to, purpose: purpose, base: p.out.top}
	p.out.slots = append(p.out.slots, s)
	p.out.dialAt = now.Add(p.failurePauseLocked(now))
	return s
}

// chooseLocked returns an address to connect to, and false if there is none.
func (p *Pool) chooseLocked(purpose dialing.Purpose, now time.Time) (addrbook.Candidate, bool) {
	for purpose == dialing.Fill && len(p.anchors) > 0 {
		addr := p.anchors[0]
		p.anchors = p.anchors[1:]
		host := addrbook.HostOf(addr)
		if p.freeLocked(addr, host) {
			return addrbook.Candidate{Addr: addr, Host: host, Group: addrbook.GroupOf(addr)}, true
		}
	}
	kind := addrbook.AnyKind
	if purpose == dialing.Search || purpose == dialing.Diversify || p.deadEndLocked() {
		// A source that announces few addresses may be the only honest one.
		kind = addrbook.EachSource
	}
	to, ok := p.book.Pick(kind, p.usableLocked(purpose, now))
	if !ok && purpose == dialing.Fill {
		to, ok = p.book.Pick(addrbook.AnyKind, p.usableAgainLocked(now))
	}
	if ok && !to.Standard && !to.Tried {
		p.out.oddPortAt = now
	}
	return to, ok
}

// usableLocked returns the filter of addresses that may be dialled for a purpose: those in network
// groups without a connection.
func (p *Pool) usableLocked(purpose dialing.Purpose, now time.Time) func(addrbook.Candidate) bool {
	groups := p.groupsInUseLocked()
	return func(c addrbook.Candidate) bool { return groups[c.Group] == 0 && p.mayDialLocked(c, now) }
}

// usableAgainLocked is usable for network groups that have a connection, and may have more because
// no other group can be dialled.
func (p *Pool) usableAgainLocked(now time.Time) func(addrbook.Candidate) bool {
	groups := p.groupsInUseLocked()
	share := dialing.Share(p.cfg.Outbound, len(groups))
	return func(c addrbook.Candidate) bool { return groups[c.Group] < share && p.mayDialLocked(c, now) }
}

// groupsInUseLocked returns the number of connections by network group.
func (p *Pool) groupsInUseLocked() map[string]int {
	groups := make(map[string]int)
	for _, s := range p.out.slots {
		groups[s.to.Group]++
	}
	for _, w := range p.manual {
		groups[addrbook.GroupOf(w.addr)]++
	}
	return groups
}

// mayDialLocked reports whether an address of the book may be dialled now.
func (p *Pool) mayDialLocked(c addrbook.Candidate, now time.Time) bool {
	if !p.deadEndLocked() && now.Before(p.out.avoid[c.Host].until) {
		return false
	}
	if !c.Standard && !c.Tried {
		rest := oddPortEvery
		if len(p.members) == 0 {
			rest = oddPortAlone
		}
		if !p.out.oddPortAt.IsZero() && now.Sub(p.out.oddPortAt) < rest {
			return false
		}
	}
	return p.freeLocked(c.Addr, c.Host)
}

// deadEndLocked reports whether there is no peer and many connections in a row have failed.
func (p *Pool) deadEndLocked() bool { return len(p.members) == 0 && p.out.failed >= manyFailures }

// freeLocked reports whether a host is neither banned nor in use.
func (p *Pool) freeLocked(addr, host string) bool {
	for _, s := range p.out.slots {
		if s.to.Host == host {
			return false
		}
	}
	for _, w := range p.manual {
		if w.host == host {
			return false
		}
	}
	return !p.trying[host] && p.bans.Left(addr, host) <= 0
}

// dialFeelers connects to untested addresses now and then, while there are peers, so that the
// book has tested ones when a peer is lost.
func (p *Pool) dialFeelers(ctx context.Context) {
	for p.connectivity.Pause(ctx, dialing.Jitter(feelerEvery, p.cfg.Rand())) {
		if addr, ok := p.chooseFeeler(); ok {
			p.tryOut(ctx, addr)
			p.release(addr)
		}
	}
}

// chooseFeeler returns an address to test. The caller releases it.
func (p *Pool) chooseFeeler() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.members) == 0 || p.search.reason != "" { // a search tests addresses itself
		return "", false
	}
	now := time.Now()
	to, ok := p.book.Pick(addrbook.OnlyNew, func(c addrbook.Candidate) bool { return p.mayDialLocked(c, now) })
	if !ok {
		return "", false
	}
	if !to.Standard {
		p.out.oddPortAt = now
	}
	p.trying[to.Host] = true
	return to.Addr, true
}

// tryOut performs the handshake with a peer and disconnects.
func (p *Pool) tryOut(ctx context.Context, addr string) {
	c, err := p.dial(ctx, addr)
	if err != nil {
		why := fault.Of(addr, err, fault.Network(err))
		p.bans.Blame(addr, why)
		p.judgeAddress(addr, why, 0)
		return
	}
	c.Close()
	p.book.Worked(addr, uint64(c.Services()))
}

// judgeAddress records the result of a dial in the book.
func (p *Pool) judgeAddress(addr string, why *fault.Error, lived time.Duration) {
	switch {
	case why.Reason == fault.ClosedByUs, lived >= dialing.Stable:
	case !why.Reason.Transient():
		p.book.Forget(addr)
	default:
		online, _ := p.connectivity.Up()
		p.book.Failed(addr, online && len(p.live()) > 0)
	}
}
