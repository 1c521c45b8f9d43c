package conn

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// noTxs is a Txs that wants no transactions and has none.
type noTxs struct{}

func (noTxs) Announced(p2p.PeerID, string, []chainhash.Hash) []chainhash.Hash { return nil }
func (noTxs) Oversized(p2p.PeerID, int) bool                                  { return false }
func (noTxs) Missing(p2p.PeerID, []chainhash.Hash) []chainhash.Hash           { return nil }
func (noTxs) Serve(p2p.PeerID, chainhash.Hash) *wire.MsgTx                    { return nil }
func (noTxs) Arrived(p2p.PeerID, chainhash.Hash, []byte) (bool, []chainhash.Hash) {
	return false, nil
}

// testOpener returns an opener with the defaults of a pool.
func testOpener() *Opener {
	return NewOpener(Config{
		Net:              peertest.Params.Net,
		UserAgent:        "/spvd:0.1.0/",
		Log:              slog.New(slog.DiscardHandler),
		Now:              time.Now,
		Rand:             rand.Uint64,
		HandshakeTimeout: 15 * time.Second,
		WriteTimeout:     20 * time.Second,
		PingEvery:        time.Minute,
		PongTimeout:      30 * time.Second,
		RequestStall:     10 * time.Second,
		RequestMax:       90 * time.Second,
		MinRate:          1 << 10,
		MaxRequests:      512,
		Txs:              noTxs{},
		Defect:           func() {},
	})
}

// events are the calls of a handler.
type events struct {
	mu        sync.Mutex
	announced int
	late      []*Request
	faults    []fault.Reason
}

func (e *events) handler() Handler {
	locked := func(f func()) {
		e.mu.Lock()
		defer e.mu.Unlock()
		f()
	}
	return Handler{
		Announced: func() { locked(func() { e.announced++ }) },
		Addresses: func([]addrbook.Announced) {},
		Late:      func(r *Request, _ []byte) { locked(func() { e.late = append(e.late, r) }) },
		Fault:     func(r fault.Reason, _ error) { locked(func() { e.faults = append(e.faults, r) }) },
	}
}

// serve runs a test on a connection, under the id 7, with a node that a script plays. It
// returns why the connection ended.
func serve(t *testing.T, script func(*peertest.Node), test func(t *testing.T, c *Conn, e *events)) (why *fault.Error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			defer theirs.Close()
			script(peertest.NewNode(t, theirs))
		})
		c, err := testOpener().Open(t.Context(), ours, "a:1", false)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		e := new(events)
		ended := make(chan *fault.Error, 1)
		wg.Go(func() { ended <- c.Run(ctx, 7, e.handler()) })
		test(t, c, e)
		synctest.Wait()
		cancel()
		why = <-ended
	})
	return why
}

// TestConnServes checks that a connection answers each kind of request with the payload of the
// reply, and what it knows of its peer.
func TestConnServes(t *testing.T) {
	chain := peertest.NewChain(200)
	why := serve(t, peertest.Good(chain), func(t *testing.T, c *Conn, e *events) {
		headers, err := HeadersRequest(chain.Hashes[0], chain.Hashes[5:6], chainhash.Hash{})
		if err != nil {
			t.Fatal(err)
		}
		filter := chain.Filter(9)
		for _, tc := range []struct {
			r    *Request
			want wire.Message
		}{
			{headers, chain.Headers(6)},
			{CFiltersRequest(chain.Hashes[1], chain.Hashes[100], 0), chain.Filters(1, 100)},
			{CFilterRequest(chain.Hashes[9]), &filter},
			{BlockRequest(chain.Hashes[9]), chain.Blocks[9]},
		} {
			if got, err := c.Do(t.Context(), tc.r); err != nil || !slices.Equal(got, peertest.Payload(t, tc.want)) {
				t.Errorf("%v: %d bytes, %v", tc.r, len(got), err)
			}
		}
		if _, err := c.Do(t.Context(), BlockRequest(chainhash.Hash{1})); !errors.Is(err, fault.NotFound) {
			t.Errorf("a block that the peer lacks: %v", err)
		}
		s := c.Stats()
		if s.UserAgent != "/node:1.0.0/" || s.StartingHeight != 100 || s.Height != 199 || c.Height() != 199 || s.BytesReceived == 0 {
			t.Errorf("stats %+v", s)
		}
		if e.announced != 1 || len(e.faults) != 0 { // of the greater height
			t.Errorf("%d announcements, faults %v", e.announced, e.faults)
		}
	})
	if why.Reason != fault.ClosedByUs {
		t.Errorf("ended for %v", why)
	}
}

// TestRequestsEndWithTheConnection checks that an open request ends when the peer closes the
// connection, and that none is sent from then on.
func TestRequestsEndWithTheConnection(t *testing.T) {
	why := serve(t, func(n *peertest.Node) {
		n.Welcome()
		peertest.Expect[*wire.MsgGetData](n)
	}, func(t *testing.T, c *Conn, _ *events) {
		for range 2 {
			if _, err := c.Do(t.Context(), BlockRequest(chainhash.Hash{1})); !errors.Is(err, fault.ClosedByPeer) {
				t.Errorf("the request ended with %v", err)
			}
		}
		if c.Live() {
			t.Error("live after its end")
		}
	})
	if why.Reason != fault.ClosedByPeer {
		t.Errorf("ended for %v", why)
	}
}

// TestLateReplyGoesToTheHandler checks that the reply to an abandoned request is passed to the
// handler once, and that a block that was not requested is a fault.
func TestLateReplyGoesToTheHandler(t *testing.T) {
	chain := peertest.NewChain(3)
	serve(t, peertest.Slow(chain, 20*time.Second), func(t *testing.T, c *Conn, e *events) {
		r := BlockRequest(chain.Hashes[1])
		if _, err := c.Do(t.Context(), r); !errors.Is(err, fault.Timeout) {
			t.Errorf("the request ended with %v", err)
		}
		if _, abandoned := c.Load(); abandoned != 1 {
			t.Errorf("%d abandoned requests", abandoned)
		}
		<-time.After(30 * time.Second)
		synctest.Wait()
		if !slices.Equal(e.late, []*Request{r}) || len(e.faults) != 0 {
			t.Errorf("late: %v, faults %v", e.late, e.faults)
		}
		l, ok := r.Late(7, []byte{1})
		if !ok || l.From != 7 || l.Kind != p2p.Block || l.First != chain.Hashes[1] {
			t.Errorf("late reply %+v, %v", l, ok)
		}
	})
	serve(t, peertest.WelcomeThen(func(n *peertest.Node) { n.Send(chain.Blocks[1]) }), func(t *testing.T, _ *Conn, e *events) {
		synctest.Wait()
		if !slices.Equal(e.faults, []fault.Reason{fault.Unsolicited}) {
			t.Errorf("faults %v", e.faults)
		}
	})
}

// TestAnnouncementsNameTheirPeer checks that announcements are kept in order, under the id of
// the connection, until they are taken.
func TestAnnouncementsNameTheirPeer(t *testing.T) {
	chain := peertest.NewChain(5)
	inv := wire.NewMsgInv()
	inv.InvList = []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &chain.Hashes[3])}
	serve(t, peertest.WelcomeThen(func(n *peertest.Node) {
		peertest.Expect[*wire.MsgSendHeaders](n)
		n.Send(inv, chain.Headers(4))
	}), func(t *testing.T, c *Conn, e *events) {
		for range 2 { // it is sent once
			if err := c.SendHeaders(); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		got := c.TakeAnnouncements()
		if len(got) != 2 || got[0].From != 7 || !slices.Equal(got[0].Blocks, chain.Hashes[3:4]) ||
			got[1].From != 7 || !slices.Equal(got[1].Headers, peertest.Payload(t, chain.Headers(4))) {
			t.Errorf("announcements %v", got)
		}
		if e.announced != 2 || len(c.TakeAnnouncements()) != 0 {
			t.Errorf("the handler was called %d times", e.announced)
		}
	})
}

// TestListsThatNobodyNeedsAreSkipped: a peer that requests, or does not have, more than we offer
// or request at a time is not answered, and gains ban score. A request for all that may be offered
// is answered.
func TestListsThatNobodyNeedsAreSkipped(t *testing.T) {
	const most = 2500
	list := func(n int) (vectors []*wire.InvVect) {
		for i := range n {
			vectors = append(vectors, wire.NewInvVect(wire.InvTypeTx, &chainhash.Hash{byte(i), byte(i >> 8)}))
		}
		return vectors
	}
	var missing []int // lengths of the notfound messages
	serve(t, peertest.WelcomeThen(func(n *peertest.Node) {
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			n.Send(&wire.MsgGetData{InvList: list(wire.MaxInvPerMsg)}, &wire.MsgNotFound{InvList: list(wire.MaxInvPerMsg)},
				&wire.MsgGetData{InvList: list(most + 1)}, &wire.MsgGetData{InvList: list(most)}, wire.NewMsgPing(1))
		})
		for {
			switch msg, err := n.Read(); m := msg.(type) {
			case *wire.MsgNotFound:
				missing = append(missing, len(m.InvList))
			case *wire.MsgPong:
				return
			default:
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	}), func(_ *testing.T, _ *Conn, e *events) {
		synctest.Wait()
		if want := []fault.Reason{fault.Unsolicited, fault.Unsolicited, fault.Unsolicited}; !slices.Equal(e.faults, want) {
			t.Errorf("faults %v", e.faults)
		}
	})
	if !slices.Equal(missing, []int{most}) {
		t.Errorf("answered with lists of %v, want one of %d", missing, most)
	}
}

// TestOpenFails checks that a handshake that fails closes the connection, gives its reason,
// and leaves no nonce behind.
func TestOpenFails(t *testing.T) {
	for name, tc := range map[string]struct {
		script func(*peertest.Node)
		want   fault.Reason
	}{
		"silence":    {(*peertest.Node).Drain, fault.HandshakeTimeout},
		"hanging up": {func(*peertest.Node) {}, fault.ClosedByPeer},
		"ourselves": {peertest.Introduce(func(v, ours *wire.MsgVersion) { v.Nonce = ours.Nonce }),
			fault.SelfConnection},
		"a light node": {peertest.Introduce(func(v, _ *wire.MsgVersion) { v.Services = 0 }), fault.NotFullNode},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				var wg sync.WaitGroup
				wg.Go(func() {
					defer theirs.Close()
					tc.script(peertest.NewNode(t, theirs))
				})
				o := testOpener()
				if _, err := o.Open(t.Context(), ours, "a:1", false); !errors.Is(fault.Of("a:1", err, fault.Network(err)), tc.want) {
					t.Errorf("failed with %v, want %v", err, tc.want)
				}
				wg.Wait() // the script has seen the end of the connection
				if len(o.nonces) != 0 {
					t.Errorf("%d nonces are left", len(o.nonces))
				}
			})
		})
	}
}
