package sim_test

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
)

// announcesGhosts answers each getheaders with nothing, and announces a block by its hash that
// never comes, so that the client would ask again.
type announcesGhosts struct {
	testnet.Honest
	asked *atomic.Int64
}

func (g announcesGhosts) Headers(*testnet.Session, []*chainhash.Hash, *chainhash.Hash) []testnet.Message {
	n := g.asked.Add(1)
	ghost := chainhash.HashH(binary.BigEndian.AppendUint64(nil, uint64(n)))
	inv := wire.NewMsgInv()
	inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &ghost))
	return []testnet.Message{testnet.Encode(wire.NewMsgHeaders(), wire.ProtocolVersion), testnet.Encode(inv, wire.ProtocolVersion)}
}

// changesClaims answers nothing, claims another height on each connection, below and above
// the tip, and hangs up after its first few messages.
type changesClaims struct {
	testnet.Honest
	met *atomic.Int64
}

func (c changesClaims) Version(ctx context.Context, s *testnet.Session) *wire.MsgVersion {
	v := c.Honest.Version(ctx, s)
	v.LastBlock = int32(int64(v.LastBlock) - 3 + c.met.Add(1)%7)
	return v
}

func (changesClaims) Headers(*testnet.Session, []*chainhash.Hash, *chainhash.Hash) []testnet.Message {
	return nil
}

func (c changesClaims) CFilters(*testnet.Session, *chainhash.Hash, *chainhash.Hash) []testnet.Message {
	return nil
}

// TestBlocksThatNeverCome has half of the peers announce such blocks as fast as they are asked
// for them: new blocks are followed, and few requests are wasted.
func TestBlocksThatNeverCome(t *testing.T) {
	const minutes = 10
	var asked atomic.Int64
	inSeededWorld(t, trunk(), 5, func(w *world) {
		ghosts := testnet.Fault{Name: "ghosts", Make: func(uint64) testnet.Behaviour { return announcesGhosts{asked: &asked} }}
		for k := range uint64(4) {
			w.liar(ghosts, k, link.Shape{Latency: time.Millisecond})
		}
		w.honestNodes(4, near)
		w.startClient()
		w.mustSaySynced(time.Minute)
		for range minutes {
			<-time.After(time.Minute)
			w.extend(1)
			w.mustSaySynced(5 * time.Second)
		}
		w.mustNotHaveBanned(w.honest...)
	})
	t.Logf("%d requests for headers in %d minutes", asked.Load(), minutes)
	// four peers: eight at once, then one in five seconds, and what all peers are asked
	if most := int64(4 * (40 + 2*12*minutes)); asked.Load() > most {
		t.Errorf("%d requests for headers were made for blocks that never come, at most %d", asked.Load(), most)
	}
}

// TestClaimsThatChange has half of the peers claim other heights at each connection and answer
// nothing. Each keeps the client from being synced for its bounded time, and then no longer.
func TestClaimsThatChange(t *testing.T) {
	var met atomic.Int64
	inSeededWorld(t, trunk(), 6, func(w *world) {
		changes := testnet.Fault{Name: "changing claims", Make: func(uint64) testnet.Behaviour { return changesClaims{met: &met} }}
		for k := range uint64(4) {
			w.liar(changes, k, near)
		}
		w.honestNodes(4, near)
		w.startClient()
		w.mustSaySynced(time.Minute)
		<-time.After(2 * time.Minute)
		out, all := 0, 0
		for range 30 * 60 {
			<-time.After(time.Second)
			if all++; !w.syncer.Status().Synced {
				out++
			}
			if all%10 == 0 {
				for _, h := range w.liars {
					h.Stop()
					h.Start()
				}
			}
		}
		t.Logf("%d connections of hostile peers, not synced for %d of %d s", met.Load(), out, all)
		// four hosts, each of which is given ten seconds in a day
		if out > 40 {
			t.Errorf("not synced for %d of %d s", out, all)
		}
		w.mustNotHaveBanned(w.honest...)
	})
}

// TestEqualWorkIsNoReorganisation has two groups of peers show branches of the same work,
// again and again and in turns: the client stays on the first.
func TestEqualWorkIsNoReorganisation(t *testing.T) {
	best := trunk()
	inSeededWorld(t, best, 7, func(w *world) {
		w.honestNodes(2, near)
		a := w.honest[0]
		w.startClient()
		w.mustSaySynced(time.Minute)
		for n := range 20 {
			mine := w.best.Extend(1)
			other := w.best.Fork(w.best.Height(), 1, uint64(1000+n))
			if mine.Work() != other.Work() {
				t.Fatal("the branches do not have the same work")
			}
			w.become(mine, a)
			w.mustSaySynced(5 * time.Second)
			w.honest[1].Node.SetChain(other)
			<-time.After(time.Minute)
			w.honest[1].Node.SetChain(mine)
			w.honest[1].Node.SetChain(other)
			<-time.After(time.Minute)
			w.until("on the first", func(st spv.Status) bool { return st.Synced && st.Tip == mine.Tip() })
		}
		if st := w.syncer.Status(); st.Reorgs != 0 {
			t.Errorf("%d reorganisations", st.Reorgs)
		}
		w.mustNotHaveBanned(w.honest...)
	})
}
