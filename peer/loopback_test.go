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
)

// TestLoopback runs the pool over real sockets: the default dialler, a request, and a
// connection that is reset while another request is open.
func TestLoopback(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	chain := newTestChain(3000)
	var wg sync.WaitGroup
	wg.Go(func() {
		nc, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		n := &node{t: t, nc: nc, pver: wire.ProtocolVersion}
		n.welcome()
		n.send(chain.answer(expect[*wire.MsgGetHeaders](n)))
		expect[*wire.MsgGetCFilterV2](n)
		nc.(*net.TCPConn).SetLinger(0) // close by a reset
		nc.Close()
		listener.Close()
	})

	pool, err := New(Config{Params: params, UserAgent: "/spvd:0.1.0/", Connect: []string{listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		if err := pool.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	got, from, err := pool.Headers(ctx, nil, chain.hashes[:1], chainhash.Hash{})
	if err != nil || !slices.Equal(got, payload(t, chain.headers(1))) {
		t.Errorf("headers: %d bytes, %v", len(got), err)
	}
	if infos := pool.Infos(); len(infos) != 1 || infos[0].ID != from || infos[0].BytesReceived < uint64(len(got)) {
		t.Errorf("peers: %+v", infos)
	}
	if _, _, err := pool.CFilter(ctx, nil, chain.hashes[1]); !errors.Is(err, fault.ClosedByPeer) {
		t.Errorf("reset under a request: %v", err)
	}
	cancel()
	wg.Wait()
}
