package rpc

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Errors the ports return, possibly wrapped. Any other error is a fault of the
// daemon: the client is told that there was one, the log says which.
var (
	// ErrNotFound means that what was asked for does not exist.
	ErrNotFound = errors.New("not found")

	// ErrSyncing means that the answer needs data that is not here yet.
	ErrSyncing = errors.New("still syncing")

	// ErrNoPeers means that the answer needs a peer and none is connected.
	ErrNoPeers = errors.New("no peers")
)

// Ports is everything the server asks of the daemon. All of it must be set,
// and all of it may be called from any goroutine.
type Ports struct {
	Chain   Chain
	Blocks  Blocks
	Sync    Sync
	Peers   Peers
	Network Network
	Wallets Wallets
	Relay   Relay
	Control Control
}

// Chain is the verified main chain. None of its methods waits for the network.
// Before the store is open and consistent they return ErrSyncing.
type Chain interface {
	// Best returns the tip.
	Best() (hash chainhash.Hash, height int64, err error)

	// HashAt returns the hash of the block at a height. It returns ErrNotFound
	// for heights below zero and above the tip.
	HashAt(height int64) (chainhash.Hash, error)

	// Header returns a block header. It returns ErrNotFound for a hash that is
	// not on the main chain.
	Header(hash chainhash.Hash) (Header, error)

	// Filter returns the version 2 committed filter of a block and its key. It
	// returns ErrNotFound for a hash that is not on the main chain, and
	// ErrSyncing for a block whose filter is not here yet.
	Filter(hash chainhash.Hash) (filter []byte, key [16]byte, err error)

	// Since returns the step from a place on the chain towards its end: from
	// the newest block of the locator that is on the main chain, with at most
	// so many applied blocks. The locator is ordered newest first. It returns
	// ErrNotFound when no block of it is on the main chain.
	Since(locator []api.BlockID, most int) (Step, error)
}

// Step is a step along the main chain.
type Step struct {
	// Reverted are the blocks of the locator that left the main chain, newest
	// first.
	Reverted []api.BlockID

	// Applied are the blocks that follow, oldest first. The filter of each is
	// there.
	Applied []Applied

	// More is true if further blocks follow.
	More bool
}

// Applied is a block that a step puts on.
type Applied struct {
	ID  api.BlockID
	Raw [180]byte // the header as it travels on the wire
}

// Header is a block header and what the chain knows about it. All fields
// belong to the same state of the chain.
type Header struct {
	Raw     [180]byte      // as it travels on the wire
	Hash    chainhash.Hash // the block hash
	PowHash chainhash.Hash // by the proof-of-work algorithm of its height
	Height  int64

	// MedianTime is the median time of this block and the ten before it.
	MedianTime time.Time

	// Work is the work of the whole chain up to this block, big-endian.
	Work [32]byte

	// Next is the hash of the following block, zero at the tip.
	Next chainhash.Hash

	// Tip is the height of the tip.
	Tip int64
}

// Blocks fetches whole blocks from peers.
type Blocks interface {
	// Block returns a main chain block whose transactions are proven to belong
	// to its header. It returns ErrNotFound for a hash that is not on the main
	// chain, ErrSyncing before the store is open, and ErrNoPeers when nobody
	// can be asked. It blocks until a peer has answered or ctx ends.
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)
}

// Sync tells how far the daemon has got.
type Sync interface {
	// Status returns the current status. It never blocks. The slices in it
	// belong to the caller or are never written again.
	Status() api.SyncStatus

	// Changes yields the current status if its Seq is greater than from, then
	// each newer one until ctx ends. Who is slow misses values in between,
	// never the newest, and holds nobody up.
	Changes(ctx context.Context, from uint64) iter.Seq[api.SyncStatus]
}

// Peers tells who is connected.
type Peers interface {
	// Peers returns the connected peers, in the order of their ids. It never
	// blocks on one of them.
	Peers() []api.PeerInfo
}

// Control steers the daemon itself.
type Control interface {
	// Stop makes the daemon end, as its first signal does, and returns at once.
	Stop()

	// SetDebugLevel changes log levels: a level for all subsystems, or a comma
	// separated list of SUBSYS=level. A wrong specification is an error that
	// names what is wrong in words for the user, and changes nothing.
	SetDebugLevel(spec string) error

	// Subsystems returns the names of the logging subsystems in order.
	Subsystems() []string
}
