package checkpointer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// retryPause is how long Serve waits before it tries again after trouble.
	retryPause = 30 * time.Second

	// checkShare bounds the time for comparing segments of earlier processes: after each
	// there is a pause of so many times as long as it took, and of leastPause at least.
	checkShare = 20
	leastPause = time.Second

	// codeTrouble is the code of the warning of the status.
	codeTrouble = "snapshot-not-written"
)

// Serve writes segments until ctx ends, then returns nil. Trouble does not end it: it is a
// warning, and Serve tries again. All it started has ended when it returns.
func (c *Checkpointer) Serve(ctx context.Context) error {
	defer c.cfg.Warn()
	for {
		err := c.serve(ctx)
		if ctx.Err() != nil {
			return nil
		}
		c.mu.Lock()
		c.trouble = err
		c.mu.Unlock()
		c.cfg.Log.Warn("The snapshot is not written at the moment", "dir", c.cfg.Dir, "err", err, "again in", retryPause)
		c.cfg.Warn(spv.Warning{
			Code: codeTrouble,
			Text: fmt.Sprintf("The snapshot in %s is not written at the moment: %v.", c.cfg.Dir, err),
			Hint: hintFor(err),
		})
		if wait.For(ctx, retryPause) != nil {
			return nil
		}
	}
}

// prunedError says that the next segment begins below the floor of the filters.
type prunedError struct{ first, floor consensus.Height }

func (e *prunedError) Error() string {
	return fmt.Sprintf("its next segment begins at block %d, and the filters below block %d were pruned", e.first, e.floor)
}

// hintFor returns what a user can do about trouble.
func hintFor(err error) string {
	if pruned := (*prunedError)(nil); errors.As(err, &pruned) {
		return "Remove the prune option until the snapshot is written: then the filters are fetched again. " +
			"Or name a directory for the snapshotdir option whose segments reach the first filter that is kept."
	}
	return "The sync goes on. Check the directory of the snapshotdir option, its rights and the room on its disk."
}

// serve works until ctx ends or there is trouble.
func (c *Checkpointer) serve(ctx context.Context) error {
	writer := snapshot.Writer{Params: c.cfg.Params, Dir: c.cfg.Dir, Before: c.cfg.Before}
	m, err := writer.Open(ctx)
	if err != nil {
		return err
	}
	w := &work{Checkpointer: c, writer: writer, manifest: m, verified: make(map[chainhash.Hash]bool)}
	c.show(m, w.verified)
	c.cfg.Warn()
	ctx, stop := context.WithCancel(ctx)
	grown := make(chan struct{}, 1)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() {
		for range c.cfg.Changes(ctx) {
			select {
			case grown <- struct{}{}:
			default:
			}
		}
	})
	for {
		if err := w.pass(ctx); err != nil {
			return err
		}
		timer := wait.NewTimerAt(w.checkAt)
		select {
		case <-grown:
		case <-timer.C():
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// work is the state of one call of serve.
type work struct {
	*Checkpointer
	writer   snapshot.Writer
	manifest *snapshot.Manifest
	verified map[chainhash.Hash]bool
	checkAt  time.Time // when the next segment is compared; zero while none is to be
}

// pass drops what has left the chain, writes what is due, and compares a segment of an
// earlier process if it is time to. Blocks that leave the chain meanwhile are no trouble: the
// next pass finds out.
func (w *work) pass(ctx context.Context) error {
	store, err := w.cfg.Chain()
	if err != nil {
		w.checkAt = time.Time{}
		return nil // it is opened soon
	}
	err = w.step(ctx, store)
	if errors.Is(err, chain.ErrStale) || errors.Is(err, chain.ErrNotFound) || errors.Is(err, chain.ErrClosed) {
		return nil
	}
	return err
}

func (w *work) step(ctx context.Context, store Chain) error {
	if err := w.drop(store); err != nil {
		return err
	}
	if floor := store.State().Floor; w.cfg.Prune && w.next() < floor {
		return &prunedError{w.next(), floor}
	}
	for w.due(store) {
		s, err := w.writer.Write(ctx, store, len(w.manifest.Segments))
		if err != nil {
			return err
		}
		if err := w.publish(append(w.manifest.Clone().Segments, s)); err != nil {
			return err
		}
		w.verified[s.Hash] = true
		w.show(w.manifest, w.verified)
		w.cfg.Log.Info("Wrote a segment of the snapshot", "first", s.First, "last", s.Last, "bytes", s.Headers.Size+s.Filters.Size)
	}
	return w.compare(ctx, store)
}

// publish replaces the manifest by one with other segments.
func (w *work) publish(segments []snapshot.Segment) error {
	next := w.manifest.Clone()
	next.Segments = segments
	if err := w.writer.Publish(next); err != nil {
		return err
	}
	w.manifest = next
	w.show(w.manifest, w.verified)
	return nil
}

// due reports whether the next segment is deep enough in a chain that can be counted on.
// Filters below DCP0005 are proven only all together.
func (w *work) due(store Chain) bool {
	st := store.State()
	first := w.next()
	last := first + consensus.Height(snapshot.BlocksOf(w.cfg.Params)) - 1
	proven := st.EarlyProven || first >= w.cfg.Params.DCP0005
	return st.EnoughWork && proven && first >= st.Floor && last <= st.Filters.Height && last <= st.Tip.Height-snapshot.SafeDepth &&
		len(w.manifest.Segments) < snapshot.MaxSegments
}

// next returns the height of the first block of the next segment.
func (w *work) next() consensus.Height {
	return consensus.Height(len(w.manifest.Segments)) * consensus.Height(snapshot.BlocksOf(w.cfg.Params))
}

// drop takes segments whose last block is not on the chain out of the snapshot. Those beyond
// the tip stay: the chain may be on its way there.
func (w *work) drop(store Chain) error {
	kept := len(w.manifest.Segments)
	for kept > 0 {
		s := &w.manifest.Segments[kept-1]
		hash, err := store.Hash(s.Last)
		if errors.Is(err, chain.ErrNotFound) || err == nil && hash == s.Hash {
			break
		}
		if err != nil {
			return err
		}
		kept--
	}
	left := w.manifest.Segments[kept:]
	if len(left) == 0 {
		return nil
	}
	w.cfg.Log.Warn("Blocks of the snapshot have left the chain", "from", left[0].First, "segments", len(left))
	if err := w.publish(w.manifest.Clone().Segments[:kept]); err != nil {
		return err
	}
	for i := range left {
		if err := w.writer.Remove(&left[i]); err != nil {
			return err
		}
	}
	return nil
}

// compare compares one segment that is not verified with the chain, and writes it again if
// it differs. One that begins below the floor of the filters cannot be compared.
func (w *work) compare(ctx context.Context, store Chain) error {
	index, st := -1, store.State()
	for i := range w.manifest.Segments {
		if s := &w.manifest.Segments[i]; !w.verified[s.Hash] && s.First >= st.Floor && s.Last <= st.Filters.Height {
			index = i
			break
		}
	}
	switch {
	case index < 0:
		w.checkAt = time.Time{}
		return nil
	case w.checkAt.IsZero():
		w.checkAt = time.Now().Add(leastPause)
		return nil
	case time.Now().Before(w.checkAt):
		return nil
	}
	began := time.Now()
	s := &w.manifest.Segments[index]
	switch err := w.writer.Check(ctx, store, s); {
	case errors.Is(err, snapshot.ErrDiffers), errors.Is(err, snapshot.ErrDamaged):
		w.cfg.Log.Warn("A segment of the snapshot is written again", "err", err)
		again, err := w.writer.Write(ctx, store, index)
		if err != nil {
			return err
		}
		segments := w.manifest.Clone().Segments
		segments[index] = again
		if err := w.publish(segments); err != nil {
			return err
		}
		w.verified[again.Hash] = true
	case err != nil:
		return err
	default:
		w.verified[s.Hash] = true
	}
	w.show(w.manifest, w.verified)
	w.checkAt = time.Now().Add(max(leastPause, checkShare*time.Since(began)))
	return nil
}
