package peertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
)

// Params are the network of the tests.
var Params = chaincfg.SimNetParams()

// Node is the far end of a connection, scripted by a test. It speaks through
// package wire only.
type Node struct {
	T        *testing.T
	Conn     net.Conn
	Protocol uint32 // the negotiated version
}

// NewNode returns the node at the far end of a connection.
func NewNode(t *testing.T, nc net.Conn) *Node {
	return &Node{T: t, Conn: nc, Protocol: wire.ProtocolVersion}
}

// Read returns the next message; the error is io.EOF or alike when we closed.
func (n *Node) Read() (wire.Message, error) {
	msg, _, err := wire.ReadMessage(n.Conn, n.Protocol, Params.Net)
	return msg, err
}

// Expect reads one message and reports if it is of another type. It returns nil
// once the connection is closed.
func Expect[M wire.Message](n *Node) (m M) {
	n.T.Helper()
	msg, err := n.Read()
	if err != nil {
		n.T.Errorf("node: read %T: %v", m, err)
		return m
	}
	got, ok := msg.(M)
	if !ok {
		n.T.Errorf("node: got %T, want %T", msg, m)
	}
	return got
}

// Send writes messages; a closed connection is no error.
func (n *Node) Send(msgs ...wire.Message) {
	for _, m := range msgs {
		if err := wire.WriteMessage(n.Conn, m, n.Protocol, Params.Net); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			n.T.Errorf("node: send %s: %v", m.Command(), err)
		}
	}
}

// Raw writes bytes; a closed connection is no error.
func (n *Node) Raw(b []byte) { _, _ = n.Conn.Write(b) }

// Version is the message of a good node.
func Version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: int32(wire.ProtocolVersion),
		Services:        wire.SFNodeNetwork,
		Timestamp:       time.Unix(time.Now().Unix(), 0),
		Nonce:           1,
		UserAgent:       "/node:1.0.0/",
		LastBlock:       100,
	}
}

// Welcome performs the handshake as a good node.
func (n *Node) Welcome() { n.WelcomeAs(Version()) }

func (n *Node) WelcomeAs(v *wire.MsgVersion) {
	theirs, ok := Greeting[*wire.MsgVersion](n)
	if !ok {
		return
	}
	n.Send(v)
	n.Protocol = min(uint32(v.ProtocolVersion), uint32(theirs.ProtocolVersion))
	n.Send(wire.NewMsgVerAck())
	Greeting[*wire.MsgVerAck](n)
}

// Greeting reads one message of a handshake and reports if it is of another type. A client
// that is stopped ends the connection in the middle of one: that is no error.
func Greeting[M wire.Message](n *Node) (m M, ok bool) {
	msg, err := n.Read()
	if err != nil {
		return m, false
	}
	m, ok = msg.(M)
	if !ok {
		n.T.Errorf("node: got %T, want %T", msg, m)
	}
	return m, ok
}

// Drain reads and ignores everything until the connection is closed.
func (n *Node) Drain() {
	for {
		if _, err := n.Read(); err != nil {
			return
		}
	}
}

// Serve answers every request from a chain until the connection is closed, except those for
// which mute returns true.
func (n *Node) Serve(c *Chain, mute func(wire.Message) bool) {
	for {
		msg, err := n.Read()
		if err != nil {
			return
		}
		if mute != nil && mute(msg) {
			continue
		}
		if answer := c.Answer(msg); answer != nil {
			n.Send(answer)
		}
	}
}

// Good is a node that serves a chain.
func Good(c *Chain) func(*Node) {
	return func(n *Node) { n.Welcome(); n.Serve(c, nil) }
}

// Silent is a node that answers pings and nothing else.
func Silent(n *Node) {
	n.Welcome()
	n.Serve(NewChain(1), func(m wire.Message) bool { return m.Command() != wire.CmdPing })
}

// Slow is a node that takes a time for every answer.
func Slow(c *Chain, d time.Duration) func(*Node) {
	return func(n *Node) {
		n.Welcome()
		n.Serve(c, func(wire.Message) bool { _ = wait.For(context.Background(), d); return false })
	}
}

// Chatty is a node that answers nothing, and sends unrequested messages.
func Chatty(bytesPerSecond int) func(*Node) {
	return WelcomeThen(func(n *Node) {
		var reading sync.WaitGroup
		defer reading.Wait()
		reading.Go(n.Drain)
		junk := Frame(Params.Net, "news", make([]byte, bytesPerSecond/20))
		for {
			_ = wait.For(context.Background(), time.Second/20)
			if _, err := n.Conn.Write(junk); err != nil {
				return
			}
		}
	})
}

// Frame returns a whole message with any command and payload.
func Frame(net wire.CurrencyNet, cmd string, payload []byte) []byte {
	b := make([]byte, wire.MessageHeaderSize, wire.MessageHeaderSize+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(net))
	copy(b[4:], cmd)
	binary.LittleEndian.PutUint32(b[4+wire.CommandSize:], uint32(len(payload)))
	sum := chainhash.HashB(payload)
	copy(b[8+wire.CommandSize:], sum[:4])
	return append(b, payload...)
}

// WelcomeThen is a good handshake followed by do. It leaves the connection open until we
// close it.
func WelcomeThen(do func(*Node)) func(*Node) {
	return func(n *Node) {
		n.Welcome()
		do(n)
		n.Drain()
	}
}

// GreetThen reads our version and calls do.
func GreetThen(do func(*Node)) func(*Node) {
	return func(n *Node) {
		Expect[*wire.MsgVersion](n)
		do(n)
		n.Drain()
	}
}

// Introduce is a handshake with a changed version message.
func Introduce(change func(v, ours *wire.MsgVersion)) func(*Node) {
	return func(n *Node) {
		ours := Expect[*wire.MsgVersion](n)
		v := Version()
		change(v, ours)
		n.Send(v, wire.NewMsgVerAck())
		n.Drain()
	}
}

func Encoded(msg wire.Message) []byte {
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.ProtocolVersion); err != nil {
		panic(err)
	}
	return buf.Bytes()
}
