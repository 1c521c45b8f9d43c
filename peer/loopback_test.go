package peer

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestLoopback runs the pool over real sockets: the default dialler, a request, and a
// connection that is reset while another request is open.
func TestLoopback(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	chain := peertest.NewChain(3000)
	var wg sync.WaitGroup
	wg.Go(func() {
		nc, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		n := peertest.NewNode(t, nc)
		n.Welcome()
		n.Send(chain.Answer(peertest.Expect[*wire.MsgGetHeaders](n)))
		peertest.Expect[*wire.MsgGetCFilterV2](n)
		nc.(*net.TCPConn).SetLinger(0) // close by a reset
		nc.Close()
		listener.Close()
	})

	pool, err := New(Config{Params: peertest.Params, UserAgent: "/spvd:0.1.0/", Connect: []string{listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		if err := pool.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	got, from, err := pool.Peers().Headers(ctx, nil, chain.Hashes[:1], chainhash.Hash{})
	if err != nil || !slices.Equal(got, peertest.Payload(t, chain.Headers(1))) {
		t.Errorf("headers: %d bytes, %v", len(got), err)
	}
	if infos := pool.Infos(); len(infos) != 1 || infos[0].ID != from || infos[0].BytesReceived < uint64(len(got)) {
		t.Errorf("peers: %+v", infos)
	}
	if _, _, err := pool.Peers().CFilter(ctx, nil, chain.Hashes[1]); !errors.Is(err, fault.ClosedByPeer) {
		t.Errorf("reset under a request: %v", err)
	}
	cancel()
	wg.Wait()
}
