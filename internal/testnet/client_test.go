package testnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// addr is where the node of a test is.
const addr = "10.0.0.1:18555"

// client is a client that says what a test tells it to.
type client struct {
	t    *testing.T
	conn net.Conn
	pver uint32
	net  wire.CurrencyNet

	mu   sync.Mutex
	got  []wire.Message
	end  error
	came chan struct{}
}

// start runs a network with one node until the test ends.
func start(t *testing.T, node *testnet.Node, shape link.Shape) *testnet.Network {
	t.Helper()
	n := testnet.NewNetwork(1, nil)
	n.Add(addr, node, shape)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := n.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return n
}

// connect dials the node of a network and reads all it says until the end.
func connect(t *testing.T, n *testnet.Network, pver uint32) *client {
	t.Helper()
	conn, err := n.Dial(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, conn: conn, pver: pver, net: wire.SimNet, came: make(chan struct{}, 1)}
	var reading sync.WaitGroup
	reading.Go(c.read)
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
	})
	return c
}

func (c *client) read() {
	for {
		_, msg, _, err := wire.ReadMessageN(c.conn, c.pver, c.net)
		c.mu.Lock()
		if err == nil {
			c.got = append(c.got, msg)
		} else {
			c.end = err
		}
		c.mu.Unlock()
		select {
		case c.came <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// send sends a message.
func (c *client) send(msg wire.Message) {
	c.t.Helper()
	if _, err := wire.WriteMessageN(c.conn, msg, c.pver, c.net); err != nil {
		c.t.Fatalf("send %s: %v", msg.Command(), err)
	}
}

// greet goes through the handshake and answers what the node asks for then.
func (c *client) greet(edit ...func(*wire.MsgVersion)) {
	c.t.Helper()
	v := &wire.MsgVersion{ProtocolVersion: int32(c.pver), Timestamp: time.Now(), Nonce: 1, UserAgent: "/test:1.0.0/"}
	for _, f := range edit {
		f(v)
	}
	c.send(v)
	expect[*wire.MsgVersion](c)
	expect[*wire.MsgVerAck](c)
	c.send(wire.NewMsgVerAck())
	expect[*wire.MsgSendHeaders](c)
	expect[*wire.MsgGetInitState](c)
	c.send(wire.NewMsgInitState())
}

// expect returns the first message of a kind that has come and was not
// returned before. It waits for one minute.
func expect[M wire.Message](c *client) M {
	c.t.Helper()
	timeout := time.After(time.Minute)
	for {
		c.mu.Lock()
		for i, msg := range c.got {
			if m, ok := msg.(M); ok {
				c.got = append(c.got[:i:i], c.got[i+1:]...)
				c.mu.Unlock()
				return m
			}
		}
		end := c.end
		c.mu.Unlock()
		if end != nil {
			c.t.Fatalf("connection ended while a %T was awaited: %v", *new(M), end)
		}
		select {
		case <-c.came:
		case <-timeout:
			c.t.Fatalf("no %T came", *new(M))
		}
	}
}

// expectSilence checks that nothing but pings comes for a while.
func (c *client) expectSilence(d time.Duration) {
	c.t.Helper()
	<-time.After(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, msg := range c.got {
		if _, ok := msg.(*wire.MsgPing); !ok {
			c.t.Fatalf("%s came", msg.Command())
		}
	}
	if c.end != nil {
		c.t.Fatalf("connection ended: %v", c.end)
	}
}

// expectEnd waits at most a duration until the node ends the connection, and
// returns how long it took.
func (c *client) expectEnd(within time.Duration) time.Duration {
	c.t.Helper()
	began := time.Now()
	timeout := time.After(within)
	for {
		c.mu.Lock()
		end := c.end
		c.mu.Unlock()
		if errors.Is(end, io.EOF) || errors.Is(end, io.ErrClosedPipe) {
			return time.Since(began)
		}
		if end != nil {
			c.t.Fatalf("connection ended: %v", end)
		}
		select {
		case <-c.came:
		case <-timeout:
			c.t.Fatalf("connection was not ended within %v", within)
		}
	}
}

// headers asks for headers and returns them.
func (c *client) headers(stop chainhash.Hash, locator ...chainhash.Hash) []*wire.BlockHeader {
	c.t.Helper()
	c.send(getHeaders(stop, locator...))
	return expect[*wire.MsgHeaders](c).Headers
}

func getHeaders(stop chainhash.Hash, locator ...chainhash.Hash) *wire.MsgGetHeaders {
	m := wire.NewMsgGetHeaders()
	for i := range locator {
		m.BlockLocatorHashes = append(m.BlockLocatorHashes, &locator[i])
	}
	m.HashStop = stop
	return m
}

// payload returns how a message is encoded.
func payload(t *testing.T, msg wire.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := msg.BtcEncode(&b, wire.ProtocolVersion); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// targets returns what the filters of a range are proven against.
func targets(c *testnet.Chain, from, to consensus.Height) []consensus.FilterTarget {
	var ts []consensus.FilterTarget
	for h := from; h <= to; h++ {
		ts = append(ts, consensus.FilterTarget{BlockID: c.ID(h), Root: c.At(h).StakeRoot()})
	}
	return ts
}

// expectSilenceAfterInvs forgets announcements and then expects silence.
func (c *client) expectSilenceAfterInvs(d time.Duration) {
	c.t.Helper()
	<-time.After(time.Second)
	c.mu.Lock()
	c.got = slices.DeleteFunc(c.got, func(m wire.Message) bool { return m.Command() == wire.CmdInv })
	c.mu.Unlock()
	c.expectSilence(d)
}
