package misbehavior

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
)

// Deps are what a Tracker needs. Its functions are called without a lock.
type Deps struct {
	Log *slog.Logger
	Now func() time.Time
	For time.Duration // how long a proven fault bans a host

	// End ends the connections with all peers for which banned returns true.
	End func(banned func(addr, host string) bool)

	Lifted  func() // is called when an address may be dialled that was banned
	Unsaved func() // is called when the bans have changed
}

// Tracker is a Record with a lock and a clock. It logs bans and has the connections with banned
// peers ended. Its methods may be called from any goroutine.
type Tracker struct {
	deps Deps

	mu     sync.Mutex
	record *Record
}

// NewTracker returns a Tracker without bans.
func NewTracker(deps Deps) *Tracker { return &Tracker{deps: deps, record: NewRecord()} }

// Restore adds bans that an earlier process has kept.
func (t *Tracker) Restore(bans []Ban) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record.Restore(bans)
}

// InForce returns the bans that have not ended, by address.
func (t *Tracker) InForce() []Ban {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.InForce(t.deps.Now())
}

// Left returns how long an address is still banned, zero or less if it is not. Host is the result
// of addrbook.HostOf for the address.
func (t *Tracker) Left(addr, host string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Left(addr, host, t.deps.Now())
}

// Ban bans an address for a time, at the wish of the user, and ends its connections. The address is
// host:port, or a host for all its ports. It replaces an earlier ban. It is an error if the address
// cannot be parsed or the time is not positive.
func (t *Tracker) Ban(addr string, d time.Duration) error {
	key, err := Key(addr)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("ban %s: a time of %v is over at once", key, d)
	}
	t.banKey(key, d)
	t.enforce()
	return nil
}

// banKey records a ban of the user.
func (t *Tracker) banKey(key string, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.deps.Now()
	t.record.BanKey(key, now, now.Add(d))
}

// enforce ends the connections with banned peers.
func (t *Tracker) enforce() {
	t.deps.End(func(addr, host string) bool { return t.Left(addr, host) > 0 })
	t.deps.Unsaved()
}

// Unban lifts the ban of exactly this host or address, whatever it was for, or the ban of its host
// if the fault of the peer with this address was proven. It returns ErrNotBanned if there is none.
func (t *Tracker) Unban(addr string) error {
	key, err := Key(addr)
	if err != nil {
		return err
	}
	if err := t.unbanKey(key); err != nil {
		return fmt.Errorf("unban %s: %w", key, err)
	}
	t.deps.Lifted()
	t.deps.Unsaved()
	return nil
}

// unbanKey removes the ban of a key from the record.
func (t *Tracker) unbanKey(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Unban(key, t.deps.Now())
}

// Acquit lifts the ban of the host of an address if it is for invalid data. Bans of the user stay.
func (t *Tracker) Acquit(addr string) {
	t.mu.Lock()
	lifted := t.record.Acquit(addr)
	t.mu.Unlock()
	if !lifted {
		return
	}
	t.deps.Log.Info("Ban is lifted: the data of the peer may be valid", "addr", addr)
	t.deps.Lifted()
	t.deps.Unsaved()
}

// Convict bans the host of an address for a proven fault, unless it is banned already: the first
// evidence stays. The log entry is an error, because the user may have named this very peer.
func (t *Tracker) Convict(addr string, r fault.Reason, evidence error) {
	b, banned := t.banPeer(addr, r, evidence)
	if !banned {
		return
	}
	t.enforce()
	t.deps.Log.Error("Peer is banned for a proven fault", "addr", addr, "host", b.Addr, "reason", r.String(),
		"evidence", b.Evidence, "until", b.Until.Format(time.RFC3339))
}

// banPeer records a ban for a proven fault.
func (t *Tracker) banPeer(addr string, r fault.Reason, evidence error) (Ban, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.deps.Now()
	return t.record.BanPeer(addr, r, evidence, now, now.Add(t.deps.For))
}

// Blame records the reason for which a connection with an address failed or ended, as a ban or in
// the ban score of the host.
func (t *Tracker) Blame(addr string, why *fault.Error) {
	if why.Reason.Proven() {
		t.Convict(addr, why.Reason, why.Err)
		return
	}
	t.Charge(addrbook.HostOf(addr), why.Reason)
}

// Charge adds the points of a reason to the ban score of a host, and returns the points that it
// has then.
func (t *Tracker) Charge(host string, r fault.Reason) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Charge(host, r, t.deps.Now())
}

// Score returns the ban score of a host, and the reason of the last charge against it, zero if
// there is none.
func (t *Tracker) Score(host string) (points float64, last fault.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Points(host, t.deps.Now()), t.record.Last(host)
}

// Blocks returns how many blocks a host was asked for until its last connection ended.
func (t *Tracker) Blocks(host string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Blocks(host)
}

// SetBlocks sets the result of Blocks.
func (t *Tracker) SetBlocks(host string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record.SetBlocks(host, n, t.deps.Now())
}

// Any reports whether there is a ban, in force or not.
func (t *Tracker) Any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Any()
}

// Pardon lifts the oldest ban in force for a proven fault for which dialable returns true, and
// returns it; false if there is none. Bans of the user stay. The caller ends the pauses. It calls
// dialable, which calls nothing that may wait, with its lock held.
func (t *Tracker) Pardon(dialable func(Ban) bool) (Ban, bool) {
	b, ok := t.liftOldest(dialable)
	if ok {
		t.deps.Log.Warn("All known peers are banned, giving one another chance", "addr", b.Addr, "reason", b.Reason.String(),
			"evidence", b.Evidence, "since", b.At.Format(time.RFC3339))
		t.deps.Unsaved()
	}
	return b, ok
}

// liftOldest removes the oldest ban for a proven fault for which of returns true.
func (t *Tracker) liftOldest(of func(Ban) bool) (Ban, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.record.OldestProof(t.deps.Now(), of)
	if ok {
		t.record.Lift(b)
	}
	return b, ok
}
