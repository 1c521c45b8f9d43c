package connectivity

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/dialing"
)

// manyDials is how many dials in a row have to fail, without any connection, before the network
// counts as down. With fewer dialling goroutines one failure of each suffices.
const manyDials = 8

// Deps are what a Network needs.
type Deps struct {
	Log        *slog.Logger
	Rand       func() uint64
	ProbeEvery time.Duration // the longest pause between dials while the network is down
	Connected  func() bool   // whether there is a connection to a peer
	Changed    func()        // is called when the last dial in progress has ended
}

// Network is what is known about the network itself. At first it counts as up.
type Network struct {
	deps  Deps
	probe chan struct{} // capacity one; held by the goroutine that dials while the network is down

	mu      sync.Mutex
	dialers int // goroutines that dial whenever they may
	dials   int // in progress, handshakes included
	failed  int // dials in a row that did not connect
	down    bool
	back    chan struct{} // closed and replaced when pauses end
}

// New returns a Network that is up.
func New(deps Deps) *Network {
	return &Network{deps: deps, probe: make(chan struct{}, 1), back: make(chan struct{})}
}

// AddDialers adds n to the number of goroutines that dial whenever they may; n may be negative.
func (n *Network) AddDialers(by int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dialers += by
}

// Begin counts a dial as in progress until End.
func (n *Network) Begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials++
}

// End ends a dial that Begin counted, after its peer has become live if the handshake succeeded.
func (n *Network) End() {
	n.mu.Lock()
	n.dials--
	none := n.dials == 0
	n.mu.Unlock()
	if none {
		n.deps.Changed()
	}
}

// Dialling reports whether a dial is in progress.
func (n *Network) Dialling() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials > 0
}

// Dialled records the result of a dial. The first one that connects after the network was down
// ends all pauses.
func (n *Network) Dialled(connected bool) {
	peers := n.deps.Connected()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case connected:
		if n.down {
			n.deps.Log.Info("The network is back")
			n.wakeLocked()
		}
		n.failed, n.down = 0, false
	case !peers:
		n.failed++
		if !n.down && n.failed >= min(manyDials, n.dialers) {
			n.down = true
			n.deps.Log.Warn("No peer can be reached, is there a network?", "retry", n.deps.ProbeEvery)
		}
	}
}

// Up reports whether the network is up as far as is known, and returns the channel that is closed
// when pauses end.
func (n *Network) Up() (bool, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.down, n.back
}

// Wake ends every pause.
func (n *Network) Wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wakeLocked()
}

// wakeLocked ends every pause.
func (n *Network) wakeLocked() {
	close(n.back)
	n.back = make(chan struct{})
}

// Reset forgets the failed dials, so that the network counts as up, and ends every pause.
func (n *Network) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failed, n.down = 0, false
	n.wakeLocked()
}

// Gate waits until a dial may begin. While the network is down one goroutine dials at a time, at
// short intervals, to detect when it is back. It reports false if ctx ended. The caller calls
// done when the dial has ended.
func (n *Network) Gate(ctx context.Context) (done func(), ok bool) {
	up, back := n.Up()
	if up {
		return func() {}, ctx.Err() == nil
	}
	select {
	case n.probe <- struct{}{}:
	case <-back:
		return func() {}, ctx.Err() == nil
	case <-ctx.Done():
		return nil, false
	}
	if !Pause(ctx, back, dialing.Jitter(n.deps.ProbeEvery, n.deps.Rand())) {
		<-n.probe
		return nil, false
	}
	return func() { <-n.probe }, true
}

// Pause waits for d, or until pauses end if that is earlier, and reports false if ctx ended.
func (n *Network) Pause(ctx context.Context, d time.Duration) bool {
	_, back := n.Up()
	return Pause(ctx, back, d)
}

// Pause waits for d, or until back is closed if that is earlier, and reports false if ctx ended.
// A caller that pauses because of a state takes back from Up before it reads the state: otherwise
// it misses the end of pauses that comes with a change of the state.
func Pause(ctx context.Context, back <-chan struct{}, d time.Duration) bool {
	timer := wait.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-back:
	case <-timer.C():
	}
	return true
}
