package fault

import (
	"errors"
	"io"
	"syscall"
)

// Error is every failure of package peer that concerns one peer or one request. Both the
// Reason and the cause are found by errors.Is and errors.As.
type Error struct {
	Reason Reason
	Peer   string // the address; empty when no peer was chosen yet
	Err    error  // the cause; may be nil
}

// Error returns the peer, the reason and the cause.
func (e *Error) Error() string {
	if e.Peer == "" {
		return e.Detail()
	}
	return "peer " + e.Peer + ": " + e.Detail()
}

// Detail returns the reason and the cause.
func (e *Error) Detail() string {
	if e.Err == nil {
		return e.Reason.String()
	}
	return e.Reason.String() + ": " + e.Err.Error()
}

// Unwrap returns the reason and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// New returns a failure without the address of a peer.
func New(r Reason, err error) *Error { return &Error{Reason: r, Err: err} }

// Of returns err as a failure of the peer with this address. An error that
// carries no reason gets the fallback.
func Of(addr string, err error, fallback Reason) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Reason: fallback, Peer: addr, Err: err}
	}
	return &Error{Reason: e.Reason, Peer: addr, Err: e.Err}
}

// ReasonOf returns the reason of an error, Unknown for nil and for an error without one.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Unknown
}

// Network returns the reason for an error of the network.
func Network(err error) Reason {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return ClosedByPeer
	}
	return ConnLost
}
