package spv

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/spv/consensus"
)

// DefaultDeepReorg is the depth of reorganisations that users are warned of: as many blocks as
// payments are commonly held for certain after.
const DefaultDeepReorg = 6

// Bounds of a sync.
const (
	// maxBehind is how many blocks may be missing from the filters or the wallet before
	// following gives way to catching up or rescanning.
	maxBehind consensus.Height = 16

	// flushBytes is the usual number of bytes that are staged before a write begins, and
	// flushAfter how long anything is staged at most.
	flushBytes = 3 << 20
	flushAfter = 2 * time.Second
)

// Config is what a Syncer is made from. Zero values mean the defaults.
type Config struct {
	// Params are the facts of the network. Required.
	Params *consensus.Params

	// ChainFile is the path of the chain store. It is created when missing; its
	// directory must exist. Required.
	ChainFile string

	// Peers is the network. Required.
	Peers Peers

	// Wallet receives the blocks that concern it; if it is nil, nothing is scanned.
	Wallet Wallet

	// Bootstrap are sources of snapshots, which a run reads one after the other before it
	// fetches from peers. What they hold is proven like what peers send.
	Bootstrap []snapshot.Source

	// KeepFilters fetches and keeps the filters of all blocks, also those that a Selective
	// Wallet does not need.
	KeepFilters bool

	// Prune says that Prune is called: what it has deleted is not fetched again because of
	// KeepFilters or of a Wallet that is not Selective, but only when a wallet needs it.
	Prune bool

	// BlocksOnly ignores the transactions that peers announce: an unmined one is known only if
	// it was published here. Without a wallet that watches something they are ignored anyway.
	BlocksOnly bool

	// LowBandwidth asks each peer every ten minutes, instead of every 30 seconds, whether it has
	// more than it has announced.
	LowBandwidth bool

	// Log is the log of the syncer; nil is none.
	Log *slog.Logger

	// Now is the clock that block times are compared with; nil is time.Now.
	// Durations are always measured by the clock of the machine.
	Now func() time.Time

	// Rand is the source of jitter, and of the order in which peers are offered a
	// transaction; nil is the generator of the runtime.
	Rand func() uint64

	// DeepReorg is how many blocks a reorganisation has to take back for a
	// warning.
	DeepReorg int

	// flushBytes is how many bytes are staged in memory before a write begins; while one is
	// committed up to maxStages times as many are. Tests set it.
	flushBytes int
}

// validate returns the configuration with its defaults filled in.
func (c Config) validate() (Config, error) {
	switch {
	case c.Params == nil:
		return c, errors.New("config: Params is required")
	case c.ChainFile == "":
		return c, errors.New("config: ChainFile is required")
	case c.Peers == nil:
		return c, errors.New("config: Peers is required")
	case c.DeepReorg < 0:
		return c, errors.New("config: DeepReorg must not be negative")
	}
	if c.Wallet == nil {
		c.Wallet = noWallet{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Uint64
	}
	if c.DeepReorg == 0 {
		c.DeepReorg = DefaultDeepReorg
	}
	if c.flushBytes == 0 {
		c.flushBytes = flushBytes
	}
	return c, nil
}
