package peer

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
)

// lateIn takes all late replies, and returns their peers and payload sizes.
func (b *bench) lateIn(t *testing.T, start, end chainhash.Hash) (from []uint64) {
	t.Helper()
	for b.TakeLate(
		func(uint64, []chainhash.Hash, []byte) { t.Error("late headers") },
		func(id uint64, first, last chainhash.Hash, payload []byte) {
			if first != start || last != end || len(payload) == 0 {
				t.Errorf("late filters %v to %v, %d bytes", first, last, len(payload))
			}
			from = append(from, id)
		},
		func(uint64, chainhash.Hash, []byte) { t.Error("late block") },
	) {
	}
	return from
}

// TestLateReplies has peers reply to a request after another one has answered it, some of
// them in the same instant: each such reply is kept with its peer, once.
func TestLateReplies(t *testing.T) {
	chain := newTestChain(120)
	answers := time.Date(2000, 1, 1, 0, 0, 3, 0, time.UTC) // three seconds after the bubble begins
	for _, apart := range []time.Duration{0, time.Second, time.Minute / 2} {
		var scripts []func(*node)
		for i := range 1 + firstMore {
			scripts = append(scripts, welcomeThen(func(n *node) {
				msg, err := n.read()
				ask, ok := msg.(*wire.MsgGetCFsV2)
				if err != nil || !ok {
					return // the test is over
				}
				if wait.For(context.Background(), time.Until(answers.Add(time.Duration(i)*apart))) != nil {
					return
				}
				n.send(chain.filters(chain.height(ask.StartHash), chain.height(ask.EndHash)))
				n.drain()
			}))
		}
		run(t, nil, scripts, func(t *testing.T, b *bench) {
			start, end := chain.hashes[1], chain.hashes[100]
			_, by, err := b.CFilters(t.Context(), nil, start, end, 0)
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * time.Minute)
			synctest.Wait()
			late := b.lateIn(t, start, end)
			slices.Sort(late)
			if len(late) != firstMore || len(slices.Compact(late)) != firstMore || slices.Contains(late, by) {
				t.Errorf("%v apart: late replies of peers %v, after that of peer %d", apart, late, by)
			}
		})
	}
}

// TestLateRepliesAreBounded fills the queue: the first reply of a peer fits, of any size,
// then no more than its share, and all peers together have no more than the limit.
func TestLateRepliesAreBounded(t *testing.T) {
	var q lateReplies
	put := func(from uint64, size int) bool {
		n := len(q.items)
		q.put(lateReply{from: from, payload: make([]byte, size)})
		return len(q.items) > n
	}
	for i, step := range []struct {
		from uint64
		size int
		fits bool
	}{
		{1, 2 * maxLateOfPeer, true}, {1, 1, false},
		{2, maxLateOfPeer, true}, {2, 1, false},
		{3, maxLateOfPeer / 2, true}, {3, maxLateOfPeer / 2, true}, {3, 1, false},
		{4, maxLateOfAll, false}, {4, maxLateOfAll - 4*maxLateOfPeer, true}, {5, 1, false},
	} {
		if fits := put(step.from, step.size); fits != step.fits {
			t.Errorf("step %d: %d bytes of peer %d fit: %v", i, step.size, step.from, fits)
		}
	}
	var order []uint64
	for l, ok := q.take(); ok; l, ok = q.take() {
		order = append(order, l.from)
	}
	if !slices.Equal(order, []uint64{1, 2, 3, 3, 4}) || q.bytes != 0 {
		t.Errorf("order %v, %d bytes left", order, q.bytes)
	}
}
