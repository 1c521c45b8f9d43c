package spv

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// maxStages is how many times as much as begins a write is staged while one is
// under way. Then what has come waits for its turn until the write is settled.
const maxStages = 2

// writing is the write to the store that is under way, one at a time. A worker
// commits it while the syncer goes on staging; the syncer settles it.
type writing struct {
	write *chain.Write
	done  chan error // the outcome of the commit; nil while none is under way
}

// writeIfDue begins to write what is staged when it is much, or old, or
// complete, unless a write is under way.
func (p *pursuit) writeIfDue() error {
	pending := p.store.Pending()
	if pending == 0 || p.writing.write != nil {
		return nil
	}
	complete := !p.survey.leading && p.staged.Filters == p.staged.Tip
	if complete || pending >= p.stageLimit() || time.Since(p.stagedSince) >= p.cfg.FlushAfter {
		return p.beginWrite()
	}
	return nil
}

// mayFold reports whether more headers and filters may be put on the chain now. It
// begins to write when much is staged. When the disk does not keep up, folding
// pauses: what is asked for goes on coming, as far as the plans have room for it.
func (p *pursuit) mayFold() (bool, error) {
	pending, limit := p.store.Pending(), p.stageLimit()
	switch {
	case pending < limit:
		return true, nil
	case p.writing.write == nil:
		return true, p.beginWrite()
	}
	return pending < maxStages*limit, nil
}

// foldReady goes on folding after a pause.
func (p *pursuit) foldReady() error {
	if err := p.foldSpans(); err != nil {
		return err
	}
	if err := p.foldWalk(); err != nil {
		return err
	}
	return p.foldFilters()
}

// stageLimit returns how much is staged before a write begins: a third of
// FlushBytes while memory goes into spans that are held back.
func (p *pursuit) stageLimit() int {
	if p.spans.done() {
		return p.cfg.FlushBytes
	}
	return p.cfg.FlushBytes / 3
}

// beginWrite hands what is staged to a worker. The workers are joined before the
// pursuit ends, and so is the write: a commit is not interrupted, but ends by
// itself.
func (p *pursuit) beginWrite() error {
	p.stagedSince = time.Time{}
	w, err := p.store.Begin()
	if w == nil {
		return err
	}
	done := make(chan error, 1)
	p.writing = writing{w, done}
	p.workers.group.Go(func() error {
		done <- w.Commit()
		return nil
	})
	return nil
}

// wrote settles the write whose commit has ended, and goes on folding.
func (p *pursuit) wrote(err error) error {
	p.settle()
	if err != nil {
		return err
	}
	return p.foldReady()
}

func (p *pursuit) settle() {
	p.store.Settle(p.writing.write)
	p.writing = writing{}
}

// writeRest waits for the write that is under way and writes what is left. It
// returns when all that was staged is durable.
func (p *pursuit) writeRest() error {
	if p.writing.write != nil {
		err := <-p.writing.done
		p.settle()
		if err != nil {
			return err
		}
	}
	return p.store.Flush()
}
