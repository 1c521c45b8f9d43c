package peer

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// params are the network of the tests.
var params = chaincfg.SimNetParams()

// node is the far end of a connection, scripted by a test. It speaks through
// package wire only.
type node struct {
	t    *testing.T
	nc   net.Conn
	pver uint32
}

// read returns the next message; the error is io.EOF or alike when we closed.
func (n *node) read() (wire.Message, error) {
	msg, _, err := wire.ReadMessage(n.nc, n.pver, params.Net)
	return msg, err
}

// expect reads one message and reports if it is of another type. It returns nil
// once the connection is closed.
func expect[M wire.Message](n *node) (m M) {
	n.t.Helper()
	msg, err := n.read()
	if err != nil {
		n.t.Errorf("node: read %T: %v", m, err)
		return m
	}
	got, ok := msg.(M)
	if !ok {
		n.t.Errorf("node: got %T, want %T", msg, m)
	}
	return got
}

// send writes messages; a closed connection is no error.
func (n *node) send(msgs ...wire.Message) {
	for _, m := range msgs {
		if err := wire.WriteMessage(n.nc, m, n.pver, params.Net); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			n.t.Errorf("node: send %s: %v", m.Command(), err)
		}
	}
}

// raw writes bytes; a closed connection is no error.
func (n *node) raw(b []byte) { n.nc.Write(b) }

// version is the message of a good node.
func version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: int32(wire.ProtocolVersion),
		Services:        wire.SFNodeNetwork,
		Timestamp:       time.Unix(time.Now().Unix(), 0),
		Nonce:           1,
		UserAgent:       "/node:1.0.0/",
		LastBlock:       100,
	}
}

// welcome performs the handshake as a good node.
func (n *node) welcome() { n.welcomeAs(version()) }

func (n *node) welcomeAs(v *wire.MsgVersion) {
	theirs, ok := greeting[*wire.MsgVersion](n)
	if !ok {
		return
	}
	n.send(v)
	n.pver = min(uint32(v.ProtocolVersion), uint32(theirs.ProtocolVersion))
	n.send(wire.NewMsgVerAck())
	greeting[*wire.MsgVerAck](n)
}

// greeting reads one message of a handshake and reports if it is of another type. A client
// that is stopped ends the connection in the middle of one: that is no error.
func greeting[M wire.Message](n *node) (m M, ok bool) {
	msg, err := n.read()
	if err != nil {
		return m, false
	}
	m, ok = msg.(M)
	if !ok {
		n.t.Errorf("node: got %T, want %T", msg, m)
	}
	return m, ok
}

// drain reads and ignores everything until the connection is closed.
func (n *node) drain() {
	for {
		if _, err := n.read(); err != nil {
			return
		}
	}
}

// serve answers every request from a chain until the connection is closed, except those for
// which mute returns true.
func (n *node) serve(c *testChain, mute func(wire.Message) bool) {
	for {
		msg, err := n.read()
		if err != nil {
			return
		}
		if mute != nil && mute(msg) {
			continue
		}
		if answer := c.answer(msg); answer != nil {
			n.send(answer)
		}
	}
}

// good is a node that serves a chain.
func good(c *testChain) func(*node) {
	return func(n *node) { n.welcome(); n.serve(c, nil) }
}

// silent is a node that answers pings and nothing else.
func silent(n *node) {
	n.welcome()
	n.serve(newTestChain(1), func(m wire.Message) bool { return m.Command() != wire.CmdPing })
}

// slow is a node that takes a time for every answer.
func slow(c *testChain, d time.Duration) func(*node) {
	return func(n *node) {
		n.welcome()
		n.serve(c, func(wire.Message) bool { <-time.After(d); return false })
	}
}
