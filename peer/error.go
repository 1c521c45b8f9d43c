package peer

import "errors"

// Error is every failure of this package that concerns one peer or one request. Both the
// Reason and the cause are found by errors.Is and errors.As.
type Error struct {
	Reason Reason
	Peer   string // the address; empty when no peer was chosen yet
	Err    error  // the cause; may be nil
}

// Error returns the peer, the reason and the cause.
func (e *Error) Error() string {
	if e.Peer == "" {
		return e.detail()
	}
	return "peer " + e.Peer + ": " + e.detail()
}

// detail returns the reason and the cause.
func (e *Error) detail() string {
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

// fault returns a failure without the address of a peer.
func fault(r Reason, err error) *Error { return &Error{Reason: r, Err: err} }

// ofPeer returns err as a failure of the peer with this address. An error that
// carries no reason gets the fallback.
func ofPeer(addr string, err error, fallback Reason) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Reason: fallback, Peer: addr, Err: err}
	}
	return &Error{Reason: e.Reason, Peer: addr, Err: e.Err}
}
