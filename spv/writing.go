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
func (p *loop) writeIfDue() error {
	pending := p.store.Pending()
	if pending == 0 || p.writing.write != nil {
		return nil
	}
	complete := !p.headers.FetchingTail() && p.staged.Filters == p.staged.Tip
	if complete || pending >= p.stageLimit() || time.Since(p.stagedSince) >= p.cfg.FlushAfter {
		return p.beginWrite()
	}
	return nil
}

// mayApply reports whether more headers and filters may be put on the chain now. It
// begins to write when much is staged. When the disk does not keep up, applying
// pauses: what is asked for goes on coming, as far as the plans have room for it.
func (p *loop) mayApply() (bool, error) {
	pending, limit := p.store.Pending(), p.stageLimit()
	switch {
	case pending < limit:
		return true, nil
	case p.writing.write == nil:
		return true, p.beginWrite()
	}
	return pending < maxStages*limit, nil
}

// stageLimit returns how much is staged before a write begins: a third of
// FlushBytes while memory goes into ranges that are held back.
func (p *loop) stageLimit() int {
	if p.headers.FetchingRanges() {
		return p.cfg.FlushBytes / 3
	}
	return p.cfg.FlushBytes
}

// beginWrite hands what is staged to a worker. The jobs are joined before the
// loop ends, and so is the write: a commit is not interrupted, but ends by
// itself.
func (p *loop) beginWrite() error {
	p.stagedSince = time.Time{}
	w, err := p.store.Begin()
	if w == nil {
		return err
	}
	done := make(chan error, 1)
	p.writing = writing{w, done}
	p.jobs.Go(func() { done <- w.Commit() })
	return nil
}

// wrote finishes the write whose commit has ended, and goes on applying.
func (p *loop) wrote(err error) error {
	p.finishWrite()
	if err != nil {
		return err
	}
	return p.applyReady()
}

func (p *loop) finishWrite() {
	p.store.Finish(p.writing.write)
	p.writing = writing{}
}

// writeRest waits for the write that is under way and writes what is left. It
// returns when all that was staged is durable.
func (p *loop) writeRest() error {
	if p.writing.write != nil {
		err := <-p.writing.done
		p.finishWrite()
		if err != nil {
			return err
		}
	}
	return p.store.Flush()
}
