package notifier

import (
	"context"
	"iter"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// Syncer is what a Source reads. *spv.Syncer is one: that of spvd.Client.Sync.
type Syncer interface {
	Chain() (*chain.Reader, error)
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
	Wait(ctx context.Context, cond func(spv.Status) bool) error
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)
}

// Source is the main chain as far as there are filters. Make one with New. All methods may be
// called from any goroutine. Before the client runs and after it has ended, they return
// spv.ErrNotInitialised or chain.ErrClosed.
type Source struct{ syncer Syncer }

// New returns a source that reads what a syncer syncs.
func New(syncer Syncer) *Source { return &Source{syncer} }

// Filter is the committed filter of a block, of version 2, as it is defined by DCP0005.
type Filter struct {
	Key  [16]byte // of the block, from its merkle root
	Data []byte   // with its number of members; empty if there are none
}

// Match reports whether the block may pay to or spend from one of the scripts: always if it does,
// and otherwise about once in 785,000 scripts and blocks. The error says that the data is no
// filter.
func (f *Filter) Match(scripts ...[]byte) (bool, error) {
	var m match.Matcher
	return m.Any(f.Key, f.Data, match.NewSet(scripts))
}

// Tip returns the newest block of the main chain with a filter.
func (s *Source) Tip() (consensus.BlockID, error) {
	c, err := s.syncer.Chain()
	if err != nil {
		return consensus.BlockID{}, err
	}
	st := c.State()
	return st.NewestFilter(), nil
}

// Hash returns the hash of the block at a height of the main chain. The error for a height above
// the tip is chain.ErrNotFound.
func (s *Source) Hash(h consensus.Height) (chainhash.Hash, error) {
	c, err := s.syncer.Chain()
	if err != nil {
		return chainhash.Hash{}, err
	}
	return c.Hash(h)
}

// Height returns the height of a block of the main chain. The error for another hash is
// chain.ErrNotFound.
func (s *Source) Height(hash chainhash.Hash) (consensus.Height, error) {
	c, err := s.syncer.Chain()
	if err != nil {
		return 0, err
	}
	return c.HeightOf(hash)
}

// Header returns the header of a block of the main chain, or chain.ErrNotFound.
func (s *Source) Header(hash chainhash.Hash) (consensus.Header, error) {
	c, err := s.syncer.Chain()
	if err != nil {
		return consensus.Header{}, err
	}
	h, err := c.HeightOf(hash)
	if err != nil {
		return consensus.Header{}, err
	}
	return c.Header(h)
}

// Filter returns the filter of a block of the main chain, or chain.ErrNotFound; that is
// chain.ErrBelowFloor, too, for one that is not kept: spvd.Config.KeepFilters keeps all.
func (s *Source) Filter(hash chainhash.Hash) (Filter, error) {
	c, err := s.syncer.Chain()
	if err != nil {
		return Filter{}, err
	}
	h, err := c.HeightOf(hash)
	if err != nil {
		return Filter{}, err
	}
	return filterOf(c, h)
}

// filterOf returns the filter at a height.
func filterOf(c *chain.Reader, h consensus.Height) (Filter, error) {
	header, err := c.Header(h)
	if err != nil {
		return Filter{}, err
	}
	data, err := c.Filter(h)
	return Filter{header.FilterKey(), data}, err
}

// Block fetches a block of the main chain, or one that has left it lately, from peers. Without
// peers it waits. The error for another hash is chain.ErrNotFound.
func (s *Source) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	return s.syncer.Block(ctx, hash)
}
