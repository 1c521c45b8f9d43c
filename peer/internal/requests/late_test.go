package requests

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// lateIn takes all late replies, and returns their peers and payload sizes.
func (b *bench) lateIn(t *testing.T, start, end chainhash.Hash) (from []p2p.PeerID) {
	t.Helper()
	for l, ok := b.TakeLate(); ok; l, ok = b.TakeLate() {
		if l.Kind != p2p.CFilters || l.First != start || l.Last != end || len(l.Payload) == 0 {
			t.Errorf("late reply of kind %d, %v to %v, %d bytes", l.Kind, l.First, l.Last, len(l.Payload))
		}
		from = append(from, l.From)
	}
	return from
}

// TestLateReplies has peers reply to a request after another one has answered it, some of
// them in the same instant: each such reply is kept with its peer, once.
func TestLateReplies(t *testing.T) {
	chain := peertest.NewChain(120)
	answers := time.Date(2000, 1, 1, 0, 0, 3, 0, time.UTC) // three seconds after the bubble begins
	for _, apart := range []time.Duration{0, time.Second, time.Minute / 2} {
		var scripts []func(*peertest.Node)
		for i := range 1 + firstMore {
			scripts = append(scripts, peertest.WelcomeThen(func(n *peertest.Node) {
				msg, err := n.Read()
				ask, ok := msg.(*wire.MsgGetCFsV2)
				if err != nil || !ok {
					return // the test is over
				}
				if wait.For(context.Background(), time.Until(answers.Add(time.Duration(i)*apart))) != nil {
					return
				}
				n.Send(chain.Filters(chain.Height(ask.StartHash), chain.Height(ask.EndHash)))
				n.Drain()
			}))
		}
		run(t, nil, scripts, func(t *testing.T, b *bench) {
			start, end := chain.Hashes[1], chain.Hashes[100]
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
	put := func(from p2p.PeerID, size int) bool {
		n := len(q.items)
		q.put(p2p.LateReply{From: from, Payload: make([]byte, size)})
		return len(q.items) > n
	}
	for i, step := range []struct {
		from p2p.PeerID
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
	var order []p2p.PeerID
	for l, ok := q.take(); ok; l, ok = q.take() {
		order = append(order, l.From)
	}
	if !slices.Equal(order, []p2p.PeerID{1, 2, 3, 3, 4}) || q.bytes != 0 {
		t.Errorf("order %v, %d bytes left", order, q.bytes)
	}
}
