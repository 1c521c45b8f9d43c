package spv

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/internal/jobs"
)

// maxStages is how many times as much as begins a write is staged while another write is
// committed. Then what has arrived waits until that write is finished.
const maxStages = 2

// writer writes what is staged to the store, in one transaction at a time. A job commits it while
// the loop goes on staging; the loop finishes it. Stopping the jobs waits for the commit, which is
// not interrupted.
type writer struct {
	store *chain.Chain
	jobs  *jobs.Group
	since time.Time    // when the oldest staged data arrived; zero without any
	write *chain.Write // the current one; nil while there is none
	done  chan error   // the outcome of its commit; nil while there is none
}

// staged records that more is staged now.
func (w *writer) staged(now time.Time) {
	if w.since.IsZero() && w.store.Pending() > 0 {
		w.since = now
	}
}

// beginIfDue begins a write, unless one is committed, when as many bytes are staged as the limit,
// or the chain is complete, or data is staged for long. When nothing is staged, filters below the
// floor are deleted, a part with each write. The error is that of the store.
func (w *writer) beginIfDue(limit int, complete bool, now time.Time) error {
	pending := w.store.Pending()
	switch {
	case w.write != nil:
		return nil
	case pending == 0:
		w.commit(w.store.BeginDiscard())
		return nil
	}
	if complete || pending >= limit || now.Sub(w.since) >= flushAfter {
		return w.begin()
	}
	return nil
}

// hasRoom reports whether more headers and filters may be staged now. It begins a write when as
// many bytes are staged as the limit. When the disk does not keep up there is no room: replies
// to open requests still arrive, as far as the plans have room for them.
func (w *writer) hasRoom(limit int) (bool, error) {
	pending := w.store.Pending()
	switch {
	case pending < limit:
		return true, nil
	case w.write == nil:
		return true, w.begin()
	}
	return pending < maxStages*limit, nil
}

// begin has a job commit what is staged.
func (w *writer) begin() error {
	w.since = time.Time{}
	write, err := w.store.Begin()
	w.commit(write)
	return err
}

// commit has a job commit a write, if there is one.
func (w *writer) commit(write *chain.Write) {
	if write == nil {
		return
	}
	done := make(chan error, 1)
	w.write, w.done = write, done
	w.jobs.Go(func() { done <- write.Commit() })
}

// committed finishes the write whose commit has ended with an error or nil, and returns that.
func (w *writer) committed(err error) error {
	w.store.Finish(w.write)
	w.write, w.done = nil, nil
	return err
}

// finish waits for the current write, and writes the rest. All that was staged is durable when it
// returns nil.
func (w *writer) finish() error {
	if w.write != nil {
		if err := w.committed(<-w.done); err != nil {
			return err
		}
	}
	return w.store.Flush()
}
