package checkpointer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// Chain is the chain that the snapshot is made of; *chain.Reader is one.
type Chain interface {
	snapshot.Chain

	// State says how far the chain goes.
	State() chain.State

	// Hash returns the hash of the block at a height, or an error that wraps
	// chain.ErrNotFound.
	Hash(h consensus.Height) (chainhash.Hash, error)
}

// Config is what a Checkpointer is made from. All fields but Prune, Before and Log are required.
type Config struct {
	Params *consensus.Params

	// Dir is where the snapshot is written. It is created if it does not exist.
	Dir string

	// Prune says that filters are deleted which NeedsFrom does not name. Then a next segment that
	// needs filters below the floor is trouble: they are not fetched again for it.
	Prune bool

	// Chain returns the chain, or an error while there is none to be read.
	Chain func() (Chain, error)

	// Changes yields something each time that the chain may have grown, until ctx ends.
	Changes func(ctx context.Context) iter.Seq[consensus.BlockID]

	// Warn replaces the warnings of the worker; none withdraws them.
	Warn func(warnings ...spv.Warning)

	// Before is called before each operation on the directory or its files, with its name, and
	// makes it fail with an error; see snapshot.Writer. Nil: none does.
	Before func(operation string) error

	// Log takes what happens; nil drops it.
	Log *slog.Logger
}

// State is what is known of a segment in the directory.
type State uint8

// The states.
const (
	// Listed: the manifest has it, and its blocks are on the chain or beyond it; its files
	// were not looked at by this process.
	Listed State = iota

	// Verified: its files were written by this process, or were compared with the chain.
	Verified
)

// String returns the name of the state as RPC shows it.
func (s State) String() string {
	if s == Verified {
		return "verified"
	}
	return "listed"
}

// Segment is a segment in the directory.
type Segment struct {
	snapshot.Segment
	State State
}

// Checkpointer writes a snapshot. Its Serve method does the work.
type Checkpointer struct {
	cfg Config

	mu       sync.Mutex // guards what follows, held for a moment
	segments []Segment
	read     bool  // they are those of the directory
	trouble  error // why nothing is written now; nil if there is no trouble
}

// New returns a checkpointer. It does no I/O.
func New(cfg Config) (*Checkpointer, error) {
	if cfg.Params == nil || cfg.Dir == "" || cfg.Chain == nil || cfg.Changes == nil || cfg.Warn == nil {
		return nil, errors.New("checkpointer: a required field of the configuration is missing")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Checkpointer{cfg: cfg}, nil
}

// Dir returns the directory.
func (c *Checkpointer) Dir() string { return c.cfg.Dir }

// Segments returns the segments in the directory, and why none is written at the moment,
// nil if there is no trouble.
func (c *Checkpointer) Segments() ([]Segment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.segments), c.trouble
}

// NeedsFrom returns the lowest height of a block whose filter is still needed: that of the first
// segment that is to be written, or to be compared with the chain, which one that begins below the
// floor of the filters cannot be. The error says that this is not known: the store is not open, the
// directory was not read yet, or it cannot be written.
func (c *Checkpointer) NeedsFrom() (consensus.Height, error) {
	store, err := c.cfg.Chain()
	if err != nil {
		return 0, fmt.Errorf("the chain cannot be read: %w", err)
	}
	floor := store.State().Floor
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trouble != nil {
		return 0, c.trouble
	}
	if !c.read {
		return 0, errors.New("the snapshot was not read yet")
	}
	next := consensus.Height(0)
	for i := range c.segments {
		if c.segments[i].State != Verified && c.segments[i].First >= floor {
			return c.segments[i].First, nil
		}
		next = c.segments[i].Last + 1
	}
	return next, nil
}

// show replaces what Segments returns.
func (c *Checkpointer) show(m *snapshot.Manifest, verified map[chainhash.Hash]bool) {
	list := make([]Segment, len(m.Segments))
	for i, s := range m.Segments {
		list[i].Segment = s
		if verified[s.Hash] {
			list[i].State = Verified
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.segments, c.read, c.trouble = list, true, nil
}
