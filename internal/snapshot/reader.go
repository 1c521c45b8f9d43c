package snapshot

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Defaults of a Reader.
const (
	// DefaultAhead is how many segments are read at a time.
	DefaultAhead = 4

	// DefaultBudget is how many bytes of pieces are held at most.
	DefaultBudget = 12 << 20
)

// Reader reads the blocks of a snapshot in the order of the chain.
type Reader struct {
	// Params are the facts of the network, Source the files, and Manifest its list of
	// segments. Required.
	Params   *consensus.Params
	Source   Source
	Manifest *Manifest

	// From is the first block to deliver; the genesis block is never delivered.
	From consensus.Height

	// FiltersFrom is the first block whose filter is needed. Pieces of segments below it have
	// no filters: the files of these are not read.
	FiltersFrom consensus.Height

	// Sums makes the SHA-256 of each file be compared. Without it only those of early
	// filters are: all else is proven block by block.
	Sums bool

	// Ahead is how many segments are read at a time, Budget how many bytes of pieces are
	// held at most, unless a single piece is larger. Zero means the default.
	Ahead  int
	Budget int64
}

// reading is the state of one call of Run.
type reading struct {
	*Reader
	budget *budget
	rate   rate
	work   chan *job
}

// Run calls fn with the pieces from the block From on, in the order of the chain, until the
// last segment ends. Each piece follows the one before it, and each segment ends with its
// last block. The error is that of fn, a [*Fault] of the source, or the cause of ctx; fn
// has been given all pieces before it. All goroutines have returned, and all files are
// closed, when Run returns.
func (r *Reader) Run(ctx context.Context, fn func(*Piece) error) error {
	filter, err := consensus.GenesisFilter(r.Params)
	if err != nil {
		return err
	}
	first := int(max(r.From, 0)) / r.Manifest.Blocks
	run := &reading{
		Reader: r,
		budget: newBudget(orDefault(r.Budget, DefaultBudget), first),
		work:   make(chan *job),
	}
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { run.prove(ctx, &prover{params: r.Params, genesisFilter: filter}) })
	}
	ahead := int(orDefault(int64(r.Ahead), DefaultAhead))
	var lanes []*lane
	var before *chainhash.Hash // of the block before the next piece
	if first > 0 && first <= len(r.Manifest.Segments) && int(r.From)%r.Manifest.Blocks == 0 {
		before = &r.Manifest.Segments[first-1].Hash
	}
	for i := first; i < len(r.Manifest.Segments); i++ {
		for next := i + len(lanes); len(lanes) < ahead && next < len(r.Manifest.Segments); next++ {
			seg := &r.Manifest.Segments[next]
			l := &lane{reading: run, index: next, seg: seg, jobs: make(chan *job, laneJobs)}
			lanes = append(lanes, l)
			group.Go(func() { l.run(ctx) })
		}
		if before, err = lanes[0].drain(ctx, before, fn); err != nil {
			return err
		}
		lanes = lanes[1:]
		run.budget.advance()
	}
	return context.Cause(ctx)
}

// prove has jobs proven until ctx ends.
func (r *reading) prove(ctx context.Context, v *prover) {
	for {
		select {
		case j := <-r.work:
			v.run(j)
		case <-ctx.Done():
			return
		}
	}
}

// drain hands the pieces of a lane to fn, and returns the hash of the last block.
func (l *lane) drain(ctx context.Context, before *chainhash.Hash, fn func(*Piece) error) (*chainhash.Hash, error) {
	for {
		var j *job
		began := time.Now()
		select {
		case next, open := <-l.jobs:
			if !open {
				return before, context.Cause(ctx)
			}
			j = next
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if err := l.rate.waitedFor(time.Since(began)); err != nil {
			return nil, fault(Slow, "its files come too slowly").because(err).of(l.seg)
		}
		select {
		case <-j.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if j.err != nil {
			return nil, j.err
		}
		if j.piece != nil {
			if err := j.chained(before); err != nil {
				return nil, err
			}
			if err := fn(j.piece); err != nil {
				return nil, err
			}
			last := j.piece.Last().Hash
			before = &last
		}
		l.budget.release(j.cost)
	}
}

// orDefault returns v, or a default if that is zero.
func orDefault(v, or int64) int64 {
	if v == 0 {
		return or
	}
	return v
}
