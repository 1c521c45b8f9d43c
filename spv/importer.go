package spv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// importSource is what headers of a snapshot count against in the tree of side branches:
	// no peer has this number.
	importSource = math.MaxUint64

	// importMoves is how often the import of a source begins again because the chain was
	// reorganised by what it holds, and importBack how many blocks it goes back at most to
	// find where the chain of the source leaves ours.
	importMoves = 8
	importBack  = snapshot.SegmentBlocks
)

// errMoved says that filters are missing before those that come next.
var errMoved = errors.New("the chain was reorganised")

// snapshotImporter imports from one source. Only the goroutine of the run touches it.
type snapshotImporter struct {
	*loop
	ctx   context.Context
	src   snapshot.Source
	start consensus.Height // of the filters when it began
}

// all imports what the source has.
func (i *snapshotImporter) all() error {
	defer i.store.Forget(importSource)
	manifest, err := i.load()
	if err != nil {
		return err
	}
	last, ok := manifest.Last()
	if !ok || last.Height <= i.staged.Filters.Height {
		return nil // an older snapshot than what is there is no fault
	}
	i.importing.target, i.importing.listed = last.Height, true
	begin := i.staged.Filters.Height + 1
	if begin == 1 {
		begin = 0 // for the genesis block to be compared
	}
	selects, err := i.selects()
	if err != nil {
		return err
	}
	if i.importing.bare = selects; selects {
		if err := i.blocks(manifest, begin, consensus.Never); err != nil {
			return err
		}
		if err := i.skipFilters(); err != nil {
			return err
		}
		begin, i.importing.bare = i.staged.Filters.Height+1, false
	}
	if begin <= last.Height {
		if err := i.blocks(manifest, begin, begin); err != nil {
			return err
		}
	}
	return i.judgeEnd(last)
}

// selects reports whether not all filters that the source has are needed, as far as that is known
// before its headers are there. Then these are imported by themselves first.
func (i *snapshotImporter) selects() (bool, error) {
	want, certain, err := i.wantedFloor()
	return (!certain || want > i.staged.Filters.Height+1) && !i.staged.Above.Any(), err
}

// skipFilters raises the floor to where filters are needed on the chain that is staged, unless
// early ones are, which only all of them prove.
func (i *snapshotImporter) skipFilters() error {
	want, _, err := i.wantedFloor()
	if err != nil {
		return err
	}
	i.wanted = want
	if want <= i.staged.Filters.Height+1 || want < i.cfg.Params.DCP0005 && !i.staged.EarlyProven {
		return nil
	}
	return i.raiseFloor(want)
}

// blocks imports the blocks from a height on, with the filters from another one on.
func (i *snapshotImporter) blocks(m *snapshot.Manifest, begin, filtersFrom consensus.Height) error {
	from, moves := begin, 0
	for {
		err := i.read(m, from, filtersFrom)
		switch {
		case errors.Is(err, errMoved) && moves < importMoves:
			moves++
			from = i.staged.Filters.Height + 1
			filtersFrom = min(filtersFrom, from)
		case errors.Is(err, chain.ErrOrphan) && from > max(0, begin-importBack):
			from = (from - 1) / consensus.Height(m.Blocks) * consensus.Height(m.Blocks)
		case errors.Is(err, chain.ErrOrphan), errors.Is(err, errMoved):
			return &snapshot.Fault{Reason: snapshot.Unlinked,
				Detail: fmt.Sprintf("its chain leaves the one that is here below block %d", from)}
		case err != nil:
			return errors.Join(err, i.dropForged(err))
		default:
			return nil
		}
	}
}

// load reads the manifest.
func (i *snapshotImporter) load() (m *snapshot.Manifest, err error) {
	err = i.work(func(ctx context.Context, _ chan<- *snapshot.Piece) (failure error) {
		m, failure = snapshot.Load(ctx, i.src, i.cfg.Params)
		return failure
	})
	return m, err
}

// read imports the blocks from a height on, with the filters of segments that reach another one.
func (i *snapshotImporter) read(m *snapshot.Manifest, from, filtersFrom consensus.Height) error {
	return i.work(func(ctx context.Context, pieces chan<- *snapshot.Piece) error {
		r := snapshot.Reader{Params: i.cfg.Params, Source: i.src, Manifest: m, From: from, FiltersFrom: filtersFrom}
		return r.Run(ctx, func(p *snapshot.Piece) error {
			select {
			case pieces <- p:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
}

// work applies the pieces that a function delivers on another goroutine, until that returns,
// and returns its error. The function has returned when work returns.
func (i *snapshotImporter) work(deliver func(ctx context.Context, pieces chan<- *snapshot.Piece) error) error {
	ctx, stop := context.WithCancel(i.ctx)
	pieces, ended := make(chan *snapshot.Piece), make(chan error, 1)
	joined := make(chan struct{})
	i.jobs.Go(func() {
		defer close(joined)
		ended <- deliver(ctx, pieces)
	})
	defer func() { <-joined }()
	defer stop()
	timer := wait.NewTimer(tick)
	defer timer.Stop()
	for {
		now := time.Now()
		i.syncer.turned.Store(&now)
		if err := i.writer.beginIfDue(i.cfg.flushBytes, false, now); err != nil {
			return err
		}
		if now.Sub(i.display.shownAt) >= showEvery {
			i.show()
		}
		next := pieces
		if i.writer.write != nil && i.store.Pending() >= maxStages*i.cfg.flushBytes {
			next = nil // the disk does not keep up
		}
		select {
		case p := <-next:
			if err := i.apply(p); err != nil {
				return err
			}
		case err := <-i.writer.done:
			if err := i.writer.committed(err); err != nil {
				return err
			}
			i.touched() // a gap in the filters may be closed
		case err := <-ended:
			return err
		case <-i.syncer.reported:
			i.show()
		case <-timer.C():
			timer.Reset(tick)
		case <-i.ctx.Done():
			return context.Cause(i.ctx)
		}
	}
}

// apply puts a piece on the chain.
func (i *snapshotImporter) apply(p *snapshot.Piece) error {
	ext, err := i.store.Extend(p.Headers, importSource, i.cfg.Now())
	i.touched()
	if ext.Reorg != nil {
		i.showReorg(ext.Reorg)
	}
	var broken *consensus.RuleError
	switch {
	case errors.As(err, &broken):
		return wrongIn(p, "a header is wrong", broken)
	case errors.Is(err, consensus.ErrOutOfReach):
		return &snapshot.Fault{Reason: snapshot.Unlinked, Segment: p.Segment,
			Detail: "its headers cannot be checked on a side branch"}
	case err != nil:
		return err
	}
	if p.Filters == nil {
		return nil
	}
	return i.addFilters(p)
}

// addFilters puts those filters of a piece on the chain that are missing there.
func (i *snapshotImporter) addFilters(p *snapshot.Piece) error {
	last := p.Last()
	on, err := i.store.OnMain(last)
	next, above := i.staged.Filters.Height+1, i.staged.Above
	switch {
	case err != nil:
		return err
	case !on || last.Height < next: // on a side branch, or there already
		return nil
	case above.Any() && max(next, p.Filters.First().Height) >= above.First: // there already, after a gap
		return nil
	case p.Filters.First().Height > next:
		return errMoved
	}
	batch := p.Filters
	skip, end := int(next-batch.First().Height), batch.Len()
	if above.Any() {
		end = min(end, int(above.First-batch.First().Height))
	}
	if skip > 0 || end < batch.Len() {
		if batch, err = i.part(batch, skip, end); err != nil {
			return err
		}
	}
	if err := i.store.AddFilters(batch); err != nil {
		return err
	}
	bytes := 0
	for k := range batch.Len() {
		bytes += len(batch.Filter(k))
	}
	i.display.progress.ReceivedFilters(bytes, batch.Len())
	i.touched()
	return i.judgeEarly(p)
}

// part returns the filters of a batch from one of them up to before another.
func (i *snapshotImporter) part(b *consensus.FilterBatch, from, to int) (*consensus.FilterBatch, error) {
	targets, err := i.store.FilterTargets(b.First().Height+consensus.Height(from), to-from)
	if err != nil {
		return nil, err
	}
	filters := make([][]byte, 0, len(targets))
	for k := from; k < to; k++ {
		filters = append(filters, b.Filter(k))
	}
	return consensus.ProveStored(i.cfg.Params, targets, filters)
}

// judgeEarly compares the filters below DCP0005 once they are there with the hash that is
// known of them. Those that do not fit are dropped, all of them, because nothing says which
// are wrong.
func (i *snapshotImporter) judgeEarly(p *snapshot.Piece) error {
	active := i.cfg.Params.DCP0005
	if i.start >= active || i.staged.EarlyProven || i.staged.Filters.Height < active {
		return nil
	}
	if err := i.store.DropFilters(0); err != nil {
		return err
	}
	i.touched()
	return wrongIn(p, "the filters up to it are wrong", &consensus.RuleError{
		Rule:   consensus.RuleEarlyFilters,
		Detail: fmt.Sprintf("filters 0 to %d do not have the known hash", active-1),
	})
}

// wrongIn returns the fault of a piece that breaks a rule.
func wrongIn(p *snapshot.Piece, detail string, broken *consensus.RuleError) error {
	return &snapshot.Fault{Reason: snapshot.Invalid, Segment: p.Segment, Detail: detail, Err: broken}
}

// dropForged drops the early filters of a source that is found to be forged: nothing has
// proven them yet.
func (i *snapshotImporter) dropForged(err error) error {
	var wrong *snapshot.Fault
	active, at := i.cfg.Params.DCP0005, i.staged.Filters.Height
	if !errors.As(err, &wrong) || !wrong.Reason.Forged() || i.staged.EarlyProven || i.start >= active || at >= active {
		return nil
	}
	failure := i.store.DropFilters(i.start)
	i.touched()
	return failure
}

// judgeEnd judges the chain of a source whose blocks have all passed: whether it is the one
// with the most work, and has as much as the network is known to have.
func (i *snapshotImporter) judgeEnd(last consensus.BlockID) error {
	on, err := i.store.OnMain(last)
	switch {
	case err != nil:
		return err
	case !on:
		return &snapshot.Fault{Reason: snapshot.LowWork,
			Detail: "its chain is a branch with less work than the one that is here"}
	case i.staged.Tip == last:
		return snapshot.CheckWork(i.cfg.Params, last.Height, i.staged.Work)
	}
	return nil
}
