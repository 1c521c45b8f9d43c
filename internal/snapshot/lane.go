package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// pieceBlocks is the greatest number of blocks of a piece.
	pieceBlocks = 1024

	// pieceFilters is the size of the filters of a piece in bytes, which a single filter
	// may exceed.
	pieceFilters = 1 << 20

	// blockCost is what a block of a piece takes in memory besides its filter: its header, its
	// hash, and where its filter is.
	blockCost = consensus.HeaderSize + 64

	// laneJobs is how many jobs of a lane wait for their turn at most.
	laneJobs = 32
)

// lane reads one segment. Its jobs come in the order of the chain; the channel is closed
// after the last one, or after one with the error that ended the lane.
type lane struct {
	*reading
	index int // of the segment
	seg   *Segment
	jobs  chan *job
	raw   []byte // headers as they are read: memory that is used again
}

// run reads the segment from the reader's first block on.
func (l *lane) run(ctx context.Context) {
	defer close(l.jobs)
	_, err := defect.Contain(0, func() (struct{}, error) { return struct{}{}, l.read(ctx) })
	if err != nil {
		var f *Fault
		if errors.As(err, &f) && f.Segment == nil {
			err = f.of(l.seg)
		}
		failed := &job{seg: l.seg, done: make(chan struct{}), err: err}
		close(failed.done)
		select {
		case l.jobs <- failed:
		case <-ctx.Done():
		}
	}
}

// hashed reports whether the SHA-256 of a file of filters is compared: when all are, and
// where nothing else proves a filter before all filters below DCP0005 are there.
func (l *lane) hashed() bool { return l.Sums || l.seg.First < l.Params.DCP0005 }

func (l *lane) read(ctx context.Context) error {
	headers := newStream(l.Source, l.seg.HeadersName(l.Params), &l.seg.Headers, l.Sums, &l.rate)
	defer headers.close()
	if l.seg.Last < l.FiltersFrom {
		return l.readHeaders(ctx, headers)
	}
	filters := newStream(l.Source, l.seg.FiltersName(l.Params), &l.seg.Filters, l.hashed(), &l.rate)
	defer filters.close()
	table := make([]byte, l.seg.Blocks()*lengthSize)
	if err := filters.read(ctx, table); err != nil {
		return err
	}
	if err := checkLengths(l.seg, table, wire.MaxCFilterDataSize); err != nil {
		return err
	}
	if skip := int(l.From - l.seg.First); skip > 0 {
		if err := headers.skip(ctx, int64(skip)*consensus.HeaderSize); err != nil {
			return err
		}
		if err := filters.skip(ctx, sizeOf(table[:skip*lengthSize])); err != nil {
			return err
		}
		table = table[skip*lengthSize:]
	}
	next := l.seg.Last + 1 - consensus.Height(len(table)/lengthSize)
	for len(table) > 0 {
		j := l.cut(next, table)
		table = table[len(j.lengths):]
		next += consensus.Height(len(j.lengths) / lengthSize)
		if err := l.deliver(ctx, j, headers, filters); err != nil {
			return err
		}
	}
	return nil
}

// readHeaders reads the segment without its filters.
func (l *lane) readHeaders(ctx context.Context, headers *stream) error {
	next := max(l.From, l.seg.First)
	if skip := int64(next - l.seg.First); skip > 0 {
		if err := headers.skip(ctx, skip*consensus.HeaderSize); err != nil {
			return err
		}
	}
	for next <= l.seg.Last {
		n := min(pieceBlocks, int(l.seg.Last-next)+1)
		j := &job{
			seg: l.seg, first: next, blocks: n, cost: int64(n) * blockCost, done: make(chan struct{}),
		}
		next += consensus.Height(n)
		j.last = next > l.seg.Last
		if err := l.deliver(ctx, j, headers, nil); err != nil {
			return err
		}
	}
	return nil
}

// cut returns a job for the next blocks.
func (l *lane) cut(first consensus.Height, table []byte) *job {
	n, size := 0, int64(0)
	for at := 0; at < len(table) && n < pieceBlocks; at += lengthSize {
		more := int64(binary.LittleEndian.Uint32(table[at:]))
		if n > 0 && size+more > pieceFilters {
			break
		}
		size += more
		n++
	}
	return &job{
		seg: l.seg, first: first, blocks: n, lengths: table[:n*lengthSize], last: n*lengthSize == len(table),
		cost: size + int64(n)*blockCost, done: make(chan struct{}),
	}
}

// deliver reads the bytes of a job, and has it proven. Before the last one the files have
// to be at their end, with their SHA-256 if that is compared. The file of filters is nil if
// they are not read.
func (l *lane) deliver(ctx context.Context, j *job, headers, filters *stream) error {
	if err := l.budget.acquire(ctx, l.index, j.cost); err != nil {
		return err
	}
	l.raw = slices.Grow(l.raw[:0], j.blocks*consensus.HeaderSize)[:j.blocks*consensus.HeaderSize]
	if err := headers.read(ctx, l.raw); err != nil {
		return err
	}
	j.headers = make([]consensus.Header, j.blocks)
	for i := range j.headers {
		j.headers[i] = consensus.Header(l.raw[i*consensus.HeaderSize:])
	}
	if filters != nil {
		j.filters = make([]byte, sizeOf(j.lengths))
		if err := filters.read(ctx, j.filters); err != nil {
			return err
		}
	}
	if j.last {
		err := headers.end(&l.seg.Headers)
		if filters != nil {
			err = errors.Join(err, filters.end(&l.seg.Filters))
		}
		if err != nil {
			return err
		}
	}
	select {
	case l.work <- j:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case l.jobs <- j:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
