package outbound

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/roster"
)

const (
	rotateEvery = time.Hour // one connection is replaced; jittered over its upper half

	// lookAgain is how often decisions are made without any event, and searchTick how often while
	// a connection exists for a short time only.
	lookAgain  = 15 * time.Second
	searchTick = 5 * time.Second

	// diversifyEvery is the pause between attempts to replace one of two peers that share
	// a network group.
	diversifyEvery = 10 * time.Second

	// manyFailures is how many connections in a row have to fail, or end within a minute, before
	// there is a pause after each.
	manyFailures = 8
	failedPause  = 4 * time.Second
)

// Deps are what Connections need.
type Deps struct {
	Log       *slog.Logger
	Rand      func() uint64
	Wanted    int           // number of connections
	BlockTime time.Duration // mean time between two blocks of the network; zero if they come at any time

	LowBandwidth bool // untested addresses are tested more seldom

	Network *connectivity.Network
	Book    *addrbook.Guarded
	Bans    *misbehavior.Tracker
	Roster  *roster.Roster
	Manual  Manual

	// Serve makes one connection and serves it to its end. It calls dialled once the connection is
	// made or has failed, and joined once the peer is listed. It returns how long the connection
	// was served, and why it ended or failed. Test performs a handshake with the node at an
	// address, disconnects, and records the result.
	Serve func(ctx context.Context, addr string, role roster.Role, dialled func(), joined func(*roster.Peer)) (time.Duration, *fault.Error)
	Test  func(ctx context.Context, addr string)
}

// Manual are the peers that the user names. Its methods do not wait.
type Manual interface {
	Addrs() []string // addresses that stay connected
	Hosts() []string // hosts of these, and of the peers that are tried once
}

// slot is a connection, or one that is being made. The lock of Connections guards it.
type slot struct {
	id      int
	to      addrbook.Candidate
	purpose dialing.Purpose
	base    uint32       // the greatest credited height of the best chain when the connection was begun
	peer    *roster.Peer // nil while the connection is being made
}

// Connections are the connections that the pool chooses itself.
type Connections struct {
	deps Deps
	due  chan struct{} // capacity one; poked when another connection may be due

	mu        sync.Mutex
	slots     []*slot
	lastID    int
	choice    choice
	anchors   anchors
	search    search
	failed    int       // connections that failed in a row
	rotateAt  time.Time // when the next peer is replaced for variety
	replaceAt time.Time // when the next peer that is behind may be replaced
	diverseAt time.Time // when the next dial into another group may begin
	dialAt    time.Time // when the next connection may be made
}

// New returns Connections that are not started.
func New(deps Deps) *Connections {
	return &Connections{deps: deps, due: make(chan struct{}, 1), choice: newChoice()}
}

// Start begins to make connections, in goroutines of wg, until ctx ends.
func (c *Connections) Start(ctx context.Context, wg *sync.WaitGroup) {
	c.deps.Network.AddDialers(c.deps.Wanted)
	c.rotateLater(time.Now())
	wg.Go(func() {
		c.fill(ctx, wg)
		c.deps.Network.AddDialers(-c.deps.Wanted)
	})
	wg.Go(func() { c.feel(ctx) })
}

// rotateLater puts off the next replacement for variety.
func (c *Connections) rotateLater(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rotateLaterLocked(now)
}

// rotateLaterLocked puts off the next replacement for variety.
func (c *Connections) rotateLaterLocked(now time.Time) {
	c.rotateAt = now.Add(dialing.Jitter(rotateEvery, c.deps.Rand()))
}

// Poke has a decision made soon: another connection may be due.
func (c *Connections) Poke() {
	select {
	case c.due <- struct{}{}:
	default:
	}
}

// fill makes one connection after the other, until ctx ends.
func (c *Connections) fill(ctx context.Context, wg *sync.WaitGroup) {
	for {
		_, back := c.deps.Network.Up()
		c.decide()
		if !c.hasChoice() { // then it does not wait at the gate, where other goroutines wait for their turn
			if !c.idle(ctx, back) {
				return
			}
			continue
		}
		done, ok := c.deps.Network.Gate(ctx)
		if !ok {
			return
		}
		chosen := c.chooseSlot()
		if chosen == nil {
			done()
			if !c.idle(ctx, back) {
				return
			}
			continue
		}
		wg.Go(func() { c.serve(ctx, chosen, done) })
	}
}

// idle waits until the state that decisions depend on has changed, which closes back or pokes, or
// for a while. It reports false if ctx ended.
func (c *Connections) idle(ctx context.Context, back <-chan struct{}) bool {
	d := c.untilNextLook()
	timer := wait.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-back:
	case <-c.due:
	case <-timer.C():
	}
	return ctx.Err() == nil
}

// untilNextLook returns the time until the next decision without an event.
func (c *Connections) untilNextLook() time.Duration {
	d := dialing.Jitter(lookAgain, c.deps.Rand())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.search.reason != "" || slices.ContainsFunc(c.slots, func(s *slot) bool { return s.purpose != dialing.Fill }) {
		d = searchTick
	}
	if left := time.Until(c.dialAt); left > 0 {
		d = min(d, left)
	}
	return d
}

// serve makes a connection and serves it to its end.
func (c *Connections) serve(ctx context.Context, s *slot, dialled func()) {
	role := roster.Outbound
	if s.purpose == dialing.Search {
		role = roster.Search
	}
	lived, why := c.deps.Serve(ctx, s.to.Addr, role, dialled, func(p *roster.Peer) { c.joined(s, p) })
	c.ended(s, lived, why)
	c.Poke()
}

// joined records that the connection of a slot is made.
func (c *Connections) joined(s *slot, p *roster.Peer) {
	defer c.Poke()
	c.mu.Lock()
	defer c.mu.Unlock()
	s.peer = p
}

// ended removes the slot of a connection that has ended or failed.
func (c *Connections) ended(s *slot, lived time.Duration, why *fault.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots = slices.DeleteFunc(c.slots, func(o *slot) bool { return o == s })
	switch {
	case lived >= dialing.Stable:
		c.failed = 0
	case why.Reason != fault.ClosedByUs:
		c.failed++
	}
}

// failurePauseLocked returns the pause after the failed connections in a row.
func (c *Connections) failurePauseLocked(now time.Time) time.Duration {
	hasty := c.search.reason != "" && now.Sub(c.search.since) < dialing.HastyFor
	if c.failed < manyFailures || hasty {
		return 0
	}
	return dialing.Jitter(failedPause, c.deps.Rand())
}
