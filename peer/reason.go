package peer

import "github.com/spvd/spvd/peer/internal/fault"

// Reason is why a connection ended, a request failed or an address is banned. It has a text
// (String), and it is an error, so that errors.Is(err, peer.NotFound) works on every error of
// this package. Transient reports whether another dial is worth it soon, Proven whether the
// reason is a fault that the peer cannot have committed in good faith.
type Reason = fault.Reason

// The reasons that callers tell apart: the first four are those of requests, the last is that
// of a ban by the user.
const (
	Timeout   = fault.Timeout   // no answer within the deadline of the request
	NotFound  = fault.NotFound  // the peer says that it does not have the requested data
	Cancelled = fault.Cancelled // the caller gave up
	Gone      = fault.Gone      // the peer to be asked is not connected
	Unwanted  = fault.Unwanted  // the user has banned the address
)

// Error is every failure of this package that concerns one peer or one request: its Reason,
// the address of the peer, if one was chosen, and the cause, if there is one. Both the reason
// and the cause are found by errors.Is and errors.As.
type Error = fault.Error
