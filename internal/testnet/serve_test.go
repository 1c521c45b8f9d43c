package testnet_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// listen serves a node on loopback TCP and returns a connection to it.
func listen(t testing.TB, node *testnet.Node, shape link.Shape) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := testnet.NewNetwork(1, nil)
	host := n.Add(l.Addr().String(), node, shape)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { n.Run(ctx) })
	running.Go(func() {
		if err := n.ServeTCP(ctx, host, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends a message over a connection.
func say(t testing.TB, conn net.Conn, msg wire.Message) {
	t.Helper()
	if err := wire.WriteMessage(conn, msg, 11, wire.SimNet); err != nil {
		t.Fatal(err)
	}
}

// greetTCP goes through the handshake.
func greetTCP(t testing.TB, conn net.Conn) {
	t.Helper()
	say(t, conn, &wire.MsgVersion{ProtocolVersion: 11, Timestamp: time.Now(), Nonce: 1})
	say(t, conn, wire.NewMsgVerAck())
	say(t, conn, wire.NewMsgInitState())
	for range 4 { // version, verack, sendheaders, getinitstate
		if _, _, err := wire.ReadMessage(conn, 11, wire.SimNet); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServesOverTCP(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 28})
	for _, shape := range []link.Shape{{}, {Latency: time.Millisecond}} {
		conn := listen(t, testnet.NewNode(testnet.NodeConfig{Chain: c}), shape)
		greetTCP(t, conn)
		say(t, conn, &wire.MsgGetCFsV2{StartHash: c.ID(201).Hash, EndHash: c.ID(300).Hash})
		_, got, err := wire.ReadMessage(conn, 11, wire.SimNet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := consensus.ProveFilters(c.Params(), targets(c, 201, 300), got); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkServeFilters measures how fast a node serves all filters of a chain
// in full batches over loopback to a client that only reads.
func BenchmarkServeFilters(b *testing.B) {
	c := generate(b, testnet.Config{Blocks: 20_000, Seed: 29})
	c.Warm()
	conn := listen(b, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{})
	greetTCP(b, conn)
	size, asked := int64(0), c.Height()/wire.MaxCFiltersV2PerBatch
	for i := range asked {
		from := 1 + i*wire.MaxCFiltersV2PerBatch
		size += int64(wire.MessageHeaderSize + c.CFilters(from, from+wire.MaxCFiltersV2PerBatch-1).Size())
	}
	b.SetBytes(size)
	for b.Loop() {
		var asking sync.WaitGroup
		asking.Go(func() {
			for i := range asked {
				from := 1 + i*wire.MaxCFiltersV2PerBatch
				to := from + wire.MaxCFiltersV2PerBatch - 1
				say(b, conn, &wire.MsgGetCFsV2{StartHash: c.ID(from).Hash, EndHash: c.ID(to).Hash})
			}
		})
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			b.Fatal(err)
		}
		asking.Wait()
	}
}
