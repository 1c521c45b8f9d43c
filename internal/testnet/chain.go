package testnet

import (
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/math/uint256"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Chain is one branch of generated blocks from the genesis block to its tip. It never
// changes: extending or forking it makes another chain, which shares the common blocks. It
// may be used from any goroutine.
type Chain struct {
	params   *consensus.Params
	schedule schedule
	parts    []part // from the genesis block to the tip, none empty
}

// part is the share of a chain in a run of blocks: all up to last.
type part struct {
	*run
	last consensus.Height
}

// run is a run of consecutive blocks that was made at one time.
type run struct {
	packed
	index  index
	first  consensus.Height
	recipe *recipe          // nil for the genesis block and a prefix
	given  []*wire.MsgBlock // the blocks of a prefix
	sums   sums
}

// genesis returns the chain of block zero.
func genesis(p *consensus.Params, start time.Time) (*Chain, error) {
	prev := prevScripts{}
	filter, err := blockcf2.Regular(p.ChainParams.GenesisBlock, prev)
	if err != nil {
		return nil, fmt.Errorf("make filter of genesis block: %w", err)
	}
	c := &Chain{params: p, schedule: newSchedule(p, start)}
	var b buffers
	w := b.packer(1)
	h := p.Genesis()
	if err := w.put(&h, &p.ChainParams.GenesisHash, filter.Bytes()); err != nil {
		return nil, err
	}
	return c.with(newRun(b.packed(w), 0, nil)), nil
}

func newRun(p packed, first consensus.Height, r *recipe) *run {
	return &run{packed: p, index: newIndex(&p), first: first, recipe: r}
}

// with returns the chain with a run of blocks on top.
func (c *Chain) with(r *run) *Chain {
	grown := *c
	grown.parts = append(slices.Clip(c.parts), part{r, r.first + consensus.Height(r.len()) - 1})
	return &grown
}

// upTo returns the chain without the blocks above a height.
func (c *Chain) upTo(h consensus.Height) *Chain {
	cut := *c
	n := c.find(h) + 1
	cut.parts = slices.Clone(c.parts[:n])
	cut.parts[n-1].last = h
	return &cut
}

// find returns the index of the part that holds a height of the chain.
func (c *Chain) find(h consensus.Height) int {
	i, _ := slices.BinarySearchFunc(c.parts, h, func(p part, h consensus.Height) int { return int(p.last - h) })
	return i
}

// block returns the run that holds a height, and its number there. It panics
// if the chain does not reach so high.
func (c *Chain) block(h consensus.Height) (*run, int) {
	if h < 0 || h > c.Height() {
		panic(fmt.Sprintf("testnet: block %d of a chain of height %d", h, c.Height()))
	}
	r := c.parts[c.find(h)].run
	return r, int(h - r.first)
}

// Params returns the rules of the chain. EarlyFilters is that of the chain as it was
// generated.
func (c *Chain) Params() *consensus.Params { return c.params }

// Height returns the height of the tip.
func (c *Chain) Height() consensus.Height { return c.parts[len(c.parts)-1].last }

// Tip returns the tip.
func (c *Chain) Tip() consensus.BlockID { return c.ID(c.Height()) }

// ID returns the block at a height of the chain.
func (c *Chain) ID(h consensus.Height) consensus.BlockID {
	r, i := c.block(h)
	return consensus.BlockID{Height: h, Hash: *r.hash(i)}
}

// At implements [consensus.Ancestors].
func (c *Chain) At(h consensus.Height) *consensus.Header {
	if h < 0 || h > c.Height() {
		return nil
	}
	r, i := c.block(h)
	return r.header(i)
}

// Filter returns the version 2 filter of the block at a height. It is only to
// be read.
func (c *Chain) Filter(h consensus.Height) []byte {
	r, i := c.block(h)
	return r.filter(i)
}

// Block makes the block at a height.
func (c *Chain) Block(h consensus.Height) *wire.MsgBlock {
	r, i := c.block(h)
	if r.given != nil {
		return r.given[i]
	}
	if r.recipe == nil {
		return c.params.ChainParams.GenesisBlock
	}
	b, err := r.recipe.body(h)
	if err != nil {
		panic("testnet: make a block again: " + err.Error())
	}
	msg := wire.MsgBlock{Transactions: b.regular, STransactions: b.stake}
	if err := msg.Header.FromBytes(r.header(i)[:]); err != nil {
		panic("testnet: decode own header: " + err.Error())
	}
	return &msg
}

// PrevScripts returns the scripts of all outputs that the block at a height spends. For the
// blocks of a prefix they are invented.
func (c *Chain) PrevScripts(h consensus.Height) blockcf2.PrevScripter {
	r, _ := c.block(h)
	if r.recipe == nil {
		return prevScripts{}
	}
	return r.recipe.prevScripts(h)
}

// Find returns the height of the block with the given hash, or false if it is
// not on the chain.
func (c *Chain) Find(hash *chainhash.Hash) (consensus.Height, bool) {
	for i := len(c.parts) - 1; i >= 0; i-- {
		p := c.parts[i]
		if n, ok := p.index.find(&p.packed, hash); ok {
			h := p.first + consensus.Height(n)
			return h, h <= p.last
		}
	}
	return 0, false
}

// Work returns the work of all blocks, genesis block included.
func (c *Chain) Work() uint256.Uint256 { return c.workSince(-1) }

// workSince returns the work of the blocks above a height.
func (c *Chain) workSince(h consensus.Height) (sum uint256.Uint256) {
	for i := h + 1; i <= c.Height(); i++ {
		work := consensus.Work(c.At(i).Bits())
		sum.Add(&work)
	}
	return sum
}

// Now returns a time at which the chain can be synced: a minute after the
// newest of its last blocks.
func (c *Chain) Now() time.Time {
	return time.Unix(max(c.At(c.Height()).Timestamp(), c.schedule.at(0, c.Height())), 0).Add(time.Minute)
}

// ForkOf returns the height of the last block that the chain has in common
// with another one of the same network.
func (c *Chain) ForkOf(o *Chain) consensus.Height {
	low, high := consensus.Height(0), min(c.Height(), o.Height())
	for low < high {
		mid := low + (high-low+1)/2
		if c.ID(mid) == o.ID(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}
