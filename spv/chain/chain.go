package chain

import (
	"errors"
	"log/slog"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/early"
	"github.com/spvd/spvd/spv/chain/internal/longbranch"
	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/chain/internal/waypoints"
	"github.com/spvd/spvd/spv/consensus"
)

// Config says what to open.
type Config struct {
	// Path is the store file. It is created if it does not exist; its
	// directory must.
	Path string

	// Params is the network.
	Params *consensus.Params

	// AsIs opens nothing but what is there: no store is created, and none is
	// repaired.
	AsIs bool

	// Log gets a record of each repair that Open makes. If nil, nothing is logged.
	Log *slog.Logger

	// MaxSide is the number of headers of side branches that are kept in
	// memory, MaxSidePerSource the number of these that one source may have
	// sent. Zero is 32,768, and half of MaxSide.
	MaxSide, MaxSidePerSource int

	// recent is the number of newest headers to keep in memory, a power of two.
	// Zero is recentHeaders; tests have fewer to get to the disk.
	recent int

	// noSync is set by tests that no power failure can happen in: commits do
	// not wait for the disk.
	noSync bool

	// noWAL is set where all has to be written to the store itself.
	noWAL bool
}

// recentHeaders is the number of newest headers that are kept in memory, if
// there are as many. It is a power of two, and more than the rules look back on
// any network, see [consensus.Reach], so that they seldom have to ask the disk.
const recentHeaders = 4096

// defaultMaxSide is the default of Config.MaxSide. A header takes about 350
// bytes: 12 MB in all.
const defaultMaxSide = 1 << 15

// Chain is the chain of headers and filters of one network: the main chain,
// which is the branch with the most work among all that are known, in a store,
// and the others in memory.
//
// One goroutine, the writer, calls its methods: they stage changes in memory, or look at what is
// staged. Three are for any goroutine: those of its [Reader], the transaction itself,
// Write.Commit, and Close, which waits for a running commit.
type Chain struct {
	*Reader

	noWAL  bool
	recent int // the size of the window when it is loaded

	// Blocks of the main chain up to keep are on disk, the rest
	// is staged; blocks on disk above keep are staged to be dropped. Likewise
	// for filters and keepFilters. What a write has taken stays staged until it
	// is over.
	disk          store.Tip // what is on disk
	tip           store.Tip // what is staged
	keep          consensus.Height
	keepFilters   consensus.Height
	window        recent.Headers
	filters       [][]byte // the staged filters: those after keepFilters
	filterBytes   int      // of those that no write has taken
	writing       *Write   // the one that is not over; nil for none
	early         early.Proof
	genesisFilter []byte
	leftover      bool // there are filters on disk below the floor there
	aboveCut      bool // those above the gap are to be cut off on disk
	main          mainView
	side          *sidetree.Tree
	waypoints     waypoints.Set
	long          *longbranch.Set
	goal          *longbranch.Goal // nil unless the main chain was taken back for a long branch
	ease          prefixEase
	memo          store.WorkMemo
	invalid       []chainhash.Hash // blocks that are, the newest last; the slice is never changed
	invalidStaged bool             // it is to be written
	stale         []staleHeader    // blocks that have left the main chain and that no write has taken
	rows          []byte           // the memory that the last write encoded its rows in
}

// Open opens the store, or creates it. The caller closes the chain. A store
// that turns out to be damaged is repaired if that keeps anything, see
// [Repair]; the damage is logged. What a killed [Compact] has left beside it is removed. Config.AsIs
// rules out all of this. Errors wrap ErrCorrupt, ErrNewerFormat,
// ErrOtherNetwork or ErrInUse, or are those of the system.
func Open(cfg Config) (*Chain, error) {
	c, err := open(cfg)
	if cfg.AsIs || !errors.Is(err, ErrCorrupt) {
		return c, err
	}
	kept, failure := Repair(cfg)
	if failure != nil {
		return nil, errors.Join(err, failure)
	}
	if cfg.Log != nil {
		cfg.Log.Warn("the chain store was damaged: kept what could be proven",
			"headers", kept.Tip.Height, "filters", kept.Filters.Height, "damage", err)
	}
	return open(cfg)
}

// open opens a store as it is.
func open(cfg Config) (*Chain, error) {
	s, err := store.Open(store.Options{Path: cfg.Path, Params: cfg.Params, AsIs: cfg.AsIs, NoSync: cfg.noSync})
	if err != nil {
		return nil, err
	}
	if s.Torn != nil && cfg.Log != nil {
		cfg.Log.Warn("the last write to the chain store was not completed, or is lost: going on from the one before", "damage", s.Torn)
	}
	c := newChain(cfg, s)
	if c.genesisFilter, err = consensus.GenesisFilter(cfg.Params); err == nil {
		err = c.load()
	}
	if err != nil {
		_ = s.Close() // the first error says more
		return nil, err
	}
	if err := removeCopy(cfg); err != nil && cfg.Log != nil {
		cfg.Log.Warn("what a compaction has left that was killed takes room and cannot be removed: remove it", "err", err)
	}
	return c, nil
}

func newChain(cfg Config, s *store.Store) *Chain {
	if cfg.MaxSide == 0 {
		cfg.MaxSide = defaultMaxSide
	}
	if cfg.MaxSidePerSource == 0 {
		cfg.MaxSidePerSource = cfg.MaxSide / 2
	}
	if cfg.recent == 0 {
		cfg.recent = recentHeaders
	}
	c := &Chain{
		Reader: &Reader{params: cfg.Params, store: s},
		noWAL:  cfg.noWAL,
		recent: cfg.recent,
		side:   sidetree.New(cfg.MaxSide, cfg.MaxSidePerSource),

		waypoints: waypoints.New(cfg.Params),
		early:     early.New(cfg.Params),
	}
	c.long = longbranch.New(cfg.Params, recentHeaders, markSpacing(c.side.PerSource()))
	c.main = mainView{params: cfg.Params, store: s, window: &c.window, tip: &c.tip, keep: &c.keep}
	return c
}

// load verifies that the store is of this format and network, and reads its
// end. It writes nothing unless the store has an older format.
func (c *Chain) load() error {
	if err := c.store.Upgrade(c.params); err != nil {
		return err
	}
	err := c.store.View("open", func(tx *store.Txn) error {
		if err := store.CheckNetwork(tx, c.params); err != nil {
			return err
		}
		return c.readTail(tx)
	})
	if err != nil {
		return err
	}
	return c.replay()
}

// Close closes the store after all open reads have ended. What is staged and
// not flushed is lost. It may be called again.
func (c *Chain) Close() error { return c.store.Close() }

// Staged returns how far the chain goes with what is staged.
func (c *Chain) Staged() State {
	return newState(c.params, &c.tip, c.early.Proven(), &c.window.At(c.tip.Headers.Height).Header)
}
