package spv

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Defaults of Config.
const (
	// DefaultBehind is how many blocks the wallet may lag behind the headers
	// before following gives way to catching up.
	DefaultBehind consensus.Height = 16

	// DefaultDeepReorg is the depth of reorganisations that users are warned of:
	// as many blocks as payments are commonly held for certain after.
	DefaultDeepReorg = 6

	// DefaultFlushBytes is how much is staged in memory before a write begins.
	// While one is under way up to maxStages times as much is.
	DefaultFlushBytes = 3 << 20

	// DefaultFlushAfter is how long anything is staged before it is written.
	DefaultFlushAfter = 2 * time.Second
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

	// Wallet is whom the chain is scanned for; nil scans it for nobody.
	Wallet Wallet

	// BlocksOnly leaves the transactions that peers announce alone: what is not
	// mined is known only if it was published here. Without a wallet that watches
	// something they are left alone anyway.
	BlocksOnly bool

	// Log takes what happens; nil drops it.
	Log *slog.Logger

	// Now is the clock that block times are compared with; nil is time.Now.
	// Durations are always measured by the clock of the machine.
	Now func() time.Time

	// Rand is the source of jitter, and of the order in which peers are told of a
	// transaction; nil is the generator of the runtime.
	Rand func() uint64

	// DeepReorg is how many blocks a reorganisation has to take back for a
	// warning.
	DeepReorg int

	// Behind, FlushBytes and FlushAfter: see the defaults.
	Behind     consensus.Height
	FlushBytes int
	FlushAfter time.Duration
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
	case c.DeepReorg < 0 || c.Behind < 0 || c.FlushBytes < 0 || c.FlushAfter < 0:
		return c, errors.New("config: DeepReorg, Behind, FlushBytes and FlushAfter must not be negative")
	}
	if c.Wallet == nil {
		c.Wallet = Nobody{}
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
	if c.Behind == 0 {
		c.Behind = DefaultBehind
	}
	if c.FlushBytes == 0 {
		c.FlushBytes = DefaultFlushBytes
	}
	if c.FlushAfter == 0 {
		c.FlushAfter = DefaultFlushAfter
	}
	return c, nil
}
