package spv

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowReaderSeesTheNewestStatusAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newStatusBoard()
		ctx, cancel := context.WithCancel(t.Context())
		var seen []int
		var reader sync.WaitGroup
		proceed := make(chan struct{})
		reader.Go(func() {
			for st := range b.changes(ctx, 0, b.status) {
				seen = append(seen, st.Peers)
				<-proceed
			}
		})
		for n := 1; n <= 5; n++ {
			b.show(Status{Peers: n})
			synctest.Wait()
		}
		proceed <- struct{}{}
		synctest.Wait()
		cancel()
		close(proceed)
		reader.Wait()
		if len(seen) != 2 || seen[0] != 1 || seen[1] != 5 {
			t.Errorf("a reader that was slow saw %v, want [1 5]", seen)
		}
	})
}

func TestWaitEndsWithTheRunsErrorOrTheCallersContext(t *testing.T) {
	b := newStatusBoard()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if err := b.wait(ctx, Synced, b.status); !errors.Is(err, gone) {
		t.Errorf("wait returned %v, want the cause of its context", err)
	}
	broken := errors.New("broken")
	b.show(Status{Phase: Failed, Err: broken})
	if err := b.wait(t.Context(), Synced, b.status); !errors.Is(err, broken) {
		t.Errorf("wait returned %v, want the error of the run", err)
	}
	b.show(Status{Synced: true})
	if err := b.wait(t.Context(), Synced, b.status); err != nil {
		t.Errorf("wait returned %v though the condition holds", err)
	}
}

func TestSequenceNumbersRise(t *testing.T) {
	b := newStatusBoard()
	for want := uint64(1); want <= 3; want++ {
		b.show(Status{})
		if got := b.status().Seq; got != want {
			t.Errorf("sequence number %d, want %d", got, want)
		}
	}
}

// TestNoStatusIsPublishedWhileNothingHappens: after a block was taken in, nothing that only fades
// with time makes a new status.
func TestNoStatusIsPublishedWhileNothingHappens(t *testing.T) {
	inRelay(t, func(h *house, _ *keeper, peers []*fakePeer) {
		c := peers[0].chain.Extend(1)
		for _, p := range peers {
			h.net.change(p, func(p *fakePeer) { p.chain = c })
			h.net.announce(p, headersPayload(c, c.Height(), c.Height()))
		}
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second)
		before := h.syncer.Status()
		h.pass(30 * time.Second)
		if after := h.syncer.Status(); after.Seq != before.Seq {
			t.Errorf("%d more: from %+v to %+v", after.Seq-before.Seq, before, after)
		}
	})
}
