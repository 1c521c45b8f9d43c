package rpc

import (
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Network is what the user can do with the network. Errors of its methods say in
// words for the user what is wrong with the parameters. None of them waits for a
// peer. An address is a host or host:port.
type Network interface {
	// AddPeer stays connected with one more peer, RemovePeer ends that, and
	// TryPeer connects once.
	AddPeer(addr string) error
	RemovePeer(addr string) error
	TryPeer(addr string) error

	// Disconnect ends the connection with a peer, given by its id or, if that is
	// zero, by the address it was dialled at.
	Disconnect(id int64, addr string) error

	// AddedPeers returns the addresses of the peers to stay connected with.
	AddedPeers() []string

	// Bans returns the bans in force.
	Bans() []api.Ban

	// Ban keeps away from an address for a time. Unban lifts any ban of exactly
	// this address.
	Ban(addr string, d time.Duration) error
	Unban(addr string) error

	// Totals returns the bytes that went through all connections so far.
	Totals() (received, sent uint64, at time.Time)

	// UserAgent returns how we introduce ourselves to peers.
	UserAgent() string
}

// refused tells the client what is wrong with the parameters of a network method.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return fail(api.CodeInvalid, "%v", err)
}
