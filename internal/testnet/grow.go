package testnet

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/consensus"
)

// chunk is the number of bodies that are made at a time by one goroutine.
const chunk = 64

// Branch describes blocks to put on a chain.
type Branch struct {
	// At is the height of the last common block.
	At consensus.Height

	// Blocks is the number of blocks on top of it.
	Blocks int

	// Seed determines all their content. Branches with different seeds share no block.
	Seed uint64

	// Plan holds transactions to include, by height.
	Plan Plan

	// Late is by how much all of the blocks are late: a branch with present times that leaves
	// a chain far below its tip is late by the age of the fork. Blocks on top of such a
	// branch are as late.
	Late time.Duration

	// Version is the version of the blocks; zero means the newest that is mined.
	Version int32

	// Voted means that the plan has all votes of the blocks: none are invented, and the
	// missing tickets are revoked.
	Voted bool

	// Disapproves means that the first of the blocks makes the regular transactions of the block
	// below void. Its votes say nothing of it, if they are invented.
	Disapproves bool
}

// Fork returns the chain that leaves this one after the block at a height and has n more
// blocks that follow from the seed.
func (c *Chain) Fork(at consensus.Height, n int, seed uint64) *Chain {
	return c.Grow(Branch{At: at, Blocks: n, Seed: seed})
}

// Extend returns the chain with n more blocks from the same seed.
func (c *Chain) Extend(n int) *Chain {
	return c.Grow(Branch{At: c.Height(), Blocks: n, Seed: c.Seed()})
}

// Outgrow returns a chain that leaves this one after the block at a height and
// has just enough blocks, which follow from the seed, to have more work.
func (c *Chain) Outgrow(at consensus.Height, seed uint64) *Chain {
	goal := c.workSince(at)
	fork := c.Fork(at, int(c.Height()-at)+1, seed)
	for work := fork.workSince(at); work.LtEq(&goal); work = fork.workSince(at) {
		fork = fork.Extend(1)
	}
	return fork
}

// Seed returns the seed of the newest blocks.
func (c *Chain) Seed() uint64 {
	if r := c.parts[len(c.parts)-1].recipe; r != nil {
		return r.seed
	}
	return 0
}

// Grow returns the chain with the branch on it. The new blocks are held in
// memory. It panics if a planned transaction is malformed.
func (c *Chain) Grow(b Branch) *Chain {
	base := c.upTo(b.At)
	if b.Blocks == 0 {
		return base
	}
	var out buffers
	w := out.packer(b.Blocks)
	r := &recipe{params: c.params, seed: b.Seed, plan: b.Plan, late: b.Late, version: b.Version, voted: b.Voted, against: b.Disapproves}
	switch below, i := c.block(b.At); {
	case below.recipe != nil:
		r.late += below.recipe.late
		r.onPrefix = below.recipe.onPrefix
	case below.given != nil:
		r.onPrefix = below.header(i)
	}
	if err := base.grow(context.Background(), r, b.Blocks, w); err != nil {
		panic("testnet: grow chain: " + err.Error())
	}
	return base.with(newRun(out.packed(w), b.At+1, r))
}

// buffers holds blocks that are not in a file.
type buffers struct{ headers, filters bytes.Buffer }

func (b *buffers) packer(n int) *packer {
	b.headers.Grow(n * headerStride)
	return &packer{headers: &b.headers, filters: &b.filters}
}

func (b *buffers) packed(w *packer) packed {
	return packed{headers: b.headers.Bytes(), filters: b.filters.Bytes(), ends: w.ends}
}

// grow makes n blocks on top of the chain and writes them to out in height order. The bodies
// are made on all cores, and only a few are in memory.
func (c *Chain) grow(ctx context.Context, r *recipe, n int, out *packer) error {
	m := newMiner(r, &c.schedule, c, c.Tip(), n)
	first, last := c.Height()+1, c.Height()+consensus.Height(n)
	if n <= chunk {
		bodies, err := r.bodies(first, last)
		if err != nil {
			return err
		}
		return m.put(bodies, out)
	}
	order := make(chan chan []*body, 2*runtime.GOMAXPROCS(0))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(order)
		for h := first; h <= last; h += chunk {
			made := make(chan []*body, 1)
			select {
			case order <- made:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				bodies, err := r.bodies(h, min(h+chunk-1, last))
				made <- bodies
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		for made := range order {
			bodies := <-made
			if bodies == nil {
				return nil // the goroutine that failed returns the error
			}
			if err := m.put(bodies, out); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// bodies makes the bodies from one height to another, both included.
func (r *recipe) bodies(from, to consensus.Height) ([]*body, error) {
	made := make([]*body, 0, to-from+1)
	for h := from; h <= to; h++ {
		b, err := r.body(h)
		if err != nil {
			return nil, err
		}
		made = append(made, b)
	}
	return made, nil
}

// put mines blocks with the given bodies and writes them.
func (m *miner) put(bodies []*body, out *packer) error {
	for _, b := range bodies {
		h, hash := m.mine(b)
		if err := out.put(h, hash, b.filter); err != nil {
			return fmt.Errorf("write block %d: %w", m.next-1, err)
		}
	}
	return nil
}
