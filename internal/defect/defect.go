package defect

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"

	"github.com/spvd/spvd/spv/p2p"
)

// Error is a panic while something was handled that a peer has sent.
type Error struct {
	Peer  p2p.PeerID // zero if not known
	Value any        // that the panic was called with
	Stack []byte
}

// Error returns what the panic said.
func (e *Error) Error() string { return fmt.Sprintf("defect of this program: %v", e.Value) }

// Contain calls work, which handles what a peer has sent, zero if it is not known which one.
// It returns what work returns, or an *Error if that panics.
func Contain[T any](peer p2p.PeerID, work func() (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Peer: peer, Value: r, Stack: debug.Stack()}
		}
	}()
	return work()
}

// Reporter reports defects. Any goroutine may call its methods.
type Reporter struct {
	log     *slog.Logger
	useless func(peer p2p.PeerID, what error)
	count   atomic.Int64
}

// NewReporter returns a reporter that logs defects, and calls useless for the peers that sent
// what the program has failed over.
func NewReporter(log *slog.Logger, useless func(peer p2p.PeerID, what error)) *Reporter {
	return &Reporter{log: log, useless: useless}
}

// Report reports an error, if it is a defect: it is logged with its stack and counted, and
// raises the ban score of the peer. It returns false for other errors.
func (r *Reporter) Report(err error) bool {
	var d *Error
	if !errors.As(err, &d) {
		return false
	}
	r.log.Error("Defect of this program: it has failed over what a peer sent, and goes on",
		"peer", d.Peer, "panic", fmt.Sprint(d.Value), "stack", string(d.Stack))
	r.count.Add(1)
	if d.Peer != 0 {
		r.useless(d.Peer, err)
	}
	return true
}

// Count returns the number of defects that were reported.
func (r *Reporter) Count() int { return int(r.count.Load()) }
