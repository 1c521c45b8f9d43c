package spv

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/spv/consensus"
)

// codeBootstrap is the warning that sources of snapshots were left.
const codeBootstrap = "bootstrap-left"

// bootstrapHint is what users can do about it.
const bootstrapHint = "Nothing is lost: the rest is fetched from peers, and what was imported before is proven. " +
	"Check the bootstrap option, or name another source."

// importSnapshots is the phase Importing: the sources of the configuration are read one after
// the other, from where the chain ends, and what they hold goes through all rules. What a
// source lacks, and one that is wrong, costs only time: peers have the rest. After a restart
// the import goes on where the chain ends.
func (l *loop) importSnapshots(ctx context.Context) (Phase, error) {
	defer l.syncer.turned.Store(nil)
	for len(l.sources) > 0 && !l.beyondSnapshots() {
		src := l.sources[0]
		l.sources = l.sources[1:] // also if it panics: then it is not read again
		err := l.importFrom(ctx, src)
		var wrong *snapshot.Fault
		switch {
		case errors.As(err, &wrong):
			l.leaveSource(src, wrong)
		case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
			return Stopping, nil
		case err != nil:
			return Failed, fmt.Errorf("import %v: %w", src, err)
		}
	}
	l.importing = importProgress{}
	return CatchingUp, nil
}

// beyondSnapshots reports whether the chain is so new that no snapshot can have more: its
// segments end that many blocks before the tip of the network.
func (l *loop) beyondSnapshots() bool {
	st := l.store.State()
	depth := snapshot.SafeDepth * l.cfg.Params.ChainParams.TargetTimePerBlock
	return st.Filters == st.Tip && l.cfg.Now().Sub(st.TipTime) < depth
}

// importFrom imports from one source what it has beyond the chain, and returns when that is
// durable. The error is a *snapshot.Fault if something is wrong with the source.
func (l *loop) importFrom(ctx context.Context, src snapshot.Source) (err error) {
	l.jobs.Begin(ctx)
	l.staged, l.writer = l.store.Staged(), writer{store: l.store, jobs: l.jobs}
	i := &snapshotImporter{loop: l, ctx: l.jobs.Context(), src: src, start: l.staged.Filters.Height}
	defer func() { err = errors.Join(err, src.Close()) }()
	defer l.jobs.Stop()
	l.importing = importProgress{source: src.String(), target: i.start}
	l.cfg.Log.Info("Importing a snapshot", "source", src, "from", i.start+1)
	err = i.all()
	if failure := l.writer.finish(); failure != nil { // it is no error of the source
		return failure
	}
	l.touched()
	l.walletMoved()
	at := l.staged.Filters.Height
	if i.start < l.cfg.Params.DCP0005 && at > i.start && !l.staged.EarlyProven {
		l.filters.Imported()
	}
	l.cfg.Log.Info("Imported from a snapshot", "source", src, "from", i.start+1, "to", at)
	return err
}

// leaveSource says in the status that a source is wrong, and that it was left.
func (l *loop) leaveSource(src snapshot.Source, wrong *snapshot.Fault) {
	tip := l.store.State().Filters.Height
	text := fmt.Sprintf("The snapshot %v was left at block %s: %v.", src, grouped(tip), wrong)
	l.cfg.Log.Warn("A snapshot was left", "source", src, "at", tip, "reason", wrong.Reason, "err", wrong)
	l.left = append(l.left, text)
	l.display.warn(codeBootstrap, strings.Join(l.left, " "), bootstrapHint)
	l.show()
}

// importProgress is what the status says about an import; the zero value says nothing.
type importProgress struct {
	source string
	target consensus.Height // the last block of the source; that of the chain until it is known
	listed bool             // it is known
	bare   bool             // headers are imported by themselves now
}

// reason says in one sentence what is imported.
func (i importProgress) reason(headers, filters consensus.Height) string {
	switch {
	case !i.listed:
		return fmt.Sprintf("Asking %s which blocks of a snapshot it has.", i.source)
	case i.bare:
		return fmt.Sprintf("Importing headers from %s: block %s of %s.", i.source, grouped(headers), grouped(i.target))
	}
	return fmt.Sprintf("Importing headers and filters from %s: block %s of %s.",
		i.source, grouped(filters), grouped(i.target))
}
