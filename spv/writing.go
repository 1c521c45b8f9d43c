package spv

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// maxStages is how many times as much as begins a write is staged while one is
// under way. Then the syncer waits for the disk.
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
	if err := p.writeIfMuch(); err != nil {
		return err
	}
	if p.writing.write != nil || p.store.Pending() == 0 {
		return nil
	}
	complete := !p.survey.leading && p.staged.Filters == p.staged.Tip
	if complete || time.Since(p.stagedSince) >= p.cfg.FlushAfter {
		return p.beginWrite()
	}
	return nil
}

// writeIfMuch begins to write what is staged when it is much. It is also asked
// while folding goes on: what is held back for its turn can come all at once.
// When the disk does not keep up, it waits for it.
func (p *pursuit) writeIfMuch() error {
	limit := p.stageLimit()
	if p.writing.write != nil && p.store.Pending() >= maxStages*limit {
		if err := p.wrote(<-p.writing.done); err != nil {
			return err
		}
	}
	if p.writing.write != nil || p.store.Pending() < limit {
		return nil
	}
	return p.beginWrite()
}

// stageLimit returns how much is staged before it is written: half as much while
// memory goes into spans that are held back.
func (p *pursuit) stageLimit() int {
	if p.spans.done() {
		return p.cfg.FlushBytes
	}
	return p.cfg.FlushBytes / 2
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

// wrote settles the write whose commit has ended.
func (p *pursuit) wrote(err error) error {
	p.store.Settle(p.writing.write)
	p.writing = writing{}
	return err
}

// writeRest waits for the write that is under way and writes what is left. It
// returns when all that was staged is durable.
func (p *pursuit) writeRest() error {
	if p.writing.write != nil {
		if err := p.wrote(<-p.writing.done); err != nil {
			return err
		}
	}
	return p.store.Flush()
}
