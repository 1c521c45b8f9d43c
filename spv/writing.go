package spv

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// maxStages is how many times as much as begins a write is staged while one is
// under way. Then what has come waits for its turn until the write is finished.
const maxStages = 2

// writing is the write to the store that is under way, one at a time. A worker
// commits it while the syncer goes on staging; the syncer finishes it.
type writing struct {
	write *chain.Write
	done  chan error // the outcome of the commit; nil while none is under way
}

// writeIfDue begins to write what is staged when it is much, or old, or
// complete, unless a write is under way.
func (l *loop) writeIfDue() error {
	pending := l.store.Pending()
	if pending == 0 || l.writing.write != nil {
		return nil
	}
	complete := !l.headers.FetchingTail() && l.staged.Filters == l.staged.Tip
	if complete || pending >= l.stageLimit() || time.Since(l.stagedSince) >= l.cfg.FlushAfter {
		return l.beginWrite()
	}
	return nil
}

// mayApply reports whether more headers and filters may be put on the chain now. It
// begins to write when much is staged. When the disk does not keep up, applying
// pauses: what is asked for goes on coming, as far as the plans have room for it.
func (l *loop) mayApply() (bool, error) {
	pending, limit := l.store.Pending(), l.stageLimit()
	switch {
	case pending < limit:
		return true, nil
	case l.writing.write == nil:
		return true, l.beginWrite()
	}
	return pending < maxStages*limit, nil
}

// stageLimit returns how much is staged before a write begins: a third of
// FlushBytes while memory goes into ranges that are held back.
func (l *loop) stageLimit() int {
	if l.headers.FetchingRanges() {
		return l.cfg.FlushBytes / 3
	}
	return l.cfg.FlushBytes
}

// beginWrite hands what is staged to a worker. The jobs are joined before the
// loop ends, and so is the write: a commit is not interrupted, but ends by
// itself.
func (l *loop) beginWrite() error {
	l.stagedSince = time.Time{}
	w, err := l.store.Begin()
	if w == nil {
		return err
	}
	done := make(chan error, 1)
	l.writing = writing{w, done}
	l.jobs.Go(func() { done <- w.Commit() })
	return nil
}

// wrote finishes the write whose commit has ended, and goes on applying.
func (l *loop) wrote(err error) error {
	l.finishWrite()
	if err != nil {
		return err
	}
	return l.applyReady()
}

func (l *loop) finishWrite() {
	l.store.Finish(l.writing.write)
	l.writing = writing{}
}

// writeRest waits for the write that is under way and writes what is left. It
// returns when all that was staged is durable.
func (l *loop) writeRest() error {
	if l.writing.write != nil {
		err := <-l.writing.done
		l.finishWrite()
		if err != nil {
			return err
		}
	}
	return l.store.Flush()
}
