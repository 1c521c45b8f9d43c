package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"
)

const testNetwork = wire.SimNet

// testTime bounds every wait of these tests.
const testTime = 10 * time.Second

// bench is a proxy between a client and a node that are both the test.
type bench struct {
	t      *testing.T
	ctx    context.Context
	proxy  *Proxy
	node   net.Listener
	client net.Conn
	server net.Conn
	stop   func() error // ends the proxy and returns what its Run returned
}

func newBench(t *testing.T, gate Gate) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	t.Cleanup(cancel)
	node, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	p, err := New(Config{Target: node.Addr().String(), Network: testNetwork, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	run, end := context.WithCancel(ctx)
	var (
		wg     sync.WaitGroup
		runErr error
	)
	wg.Go(func() { runErr = p.Run(run) })
	b := &bench{t: t, ctx: ctx, proxy: p, node: node, stop: func() error {
		end()
		wg.Wait()
		return runErr
	}}
	t.Cleanup(func() { b.stop() })
	b.client, b.server = b.open()
	return b
}

// open makes a connection through the proxy and returns both of its ends.
func (b *bench) open() (client, server net.Conn) {
	b.t.Helper()
	before := b.proxy.State().Conns
	client, err := net.Dial("tcp", b.proxy.Addr())
	if err != nil {
		b.t.Fatal(err)
	}
	server, err = b.node.Accept()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { client.Close(); server.Close() })
	if err := b.proxy.Wait(b.ctx, func(s State) bool { return s.Conns > before }); err != nil {
		b.t.Fatal(err)
	}
	deadline, _ := b.ctx.Deadline()
	client.SetDeadline(deadline)
	server.SetDeadline(deadline)
	return client, server
}

func (b *bench) send(to io.Writer, m wire.Message) {
	b.t.Helper()
	if err := wire.WriteMessage(to, m, wire.ProtocolVersion, testNetwork); err != nil {
		b.t.Fatal(err)
	}
}

// receive reads a message and wants it to be of a command.
func (b *bench) receive(from io.Reader, command string) {
	b.t.Helper()
	m, _, err := wire.ReadMessage(from, wire.ProtocolVersion, testNetwork)
	if err != nil {
		b.t.Fatalf("read %s: %v", command, err)
	}
	if m.Command() != command {
		b.t.Fatalf("read %s, want %s", m.Command(), command)
	}
}

// commands returns what passed on a connection in one direction.
func commands(s State, conn int, d Direction) []string {
	var out []string
	for _, f := range s.Frames {
		if f.Conn == conn && f.Direction == d {
			out = append(out, f.Command)
		}
	}
	return out
}

func TestRecordsWhatPasses(t *testing.T) {
	b := newBench(t, nil)
	b.send(b.client, wire.NewMsgPing(7))
	b.receive(b.server, wire.CmdPing)
	b.send(b.server, wire.NewMsgPong(7))
	b.receive(b.client, wire.CmdPong)
	second, server := b.open()
	b.send(second, wire.NewMsgSendHeaders())
	b.receive(server, wire.CmdSendHeaders)

	s := b.proxy.State()
	if s.Conns != 2 || s.Open != 2 {
		t.Errorf("%d connections, %d open, want 2 and 2", s.Conns, s.Open)
	}
	for _, want := range []struct {
		conn     int
		to       Direction
		commands []string
	}{
		{1, ToNode, []string{wire.CmdPing}},
		{1, ToClient, []string{wire.CmdPong}},
		{2, ToNode, []string{wire.CmdSendHeaders}},
		{2, ToClient, nil},
	} {
		if got := commands(s, want.conn, want.to); !slices.Equal(got, want.commands) {
			t.Errorf("connection %d %v: %v, want %v", want.conn, want.to, got, want.commands)
		}
	}
	var ping wire.MsgPing
	if err := s.Frames[0].Decode(&ping); err != nil || ping.Nonce != 7 {
		t.Errorf("the first frame is ping %d (%v), want ping 7", ping.Nonce, err)
	}
	if err := s.Frames[1].Decode(&ping); err == nil {
		t.Error("a pong decodes as a ping")
	}
}

func TestHoldsUntilReleased(t *testing.T) {
	b := newBench(t, HoldFrom(wire.CmdPong, 2))
	b.send(b.server, wire.NewMsgPong(1))
	b.send(b.server, wire.NewMsgPong(2))
	b.receive(b.client, wire.CmdPong)
	if err := b.proxy.Wait(b.ctx, func(s State) bool { return s.Held == 1 }); err != nil {
		t.Fatal(err)
	}
	b.send(b.client, wire.NewMsgPing(3)) // the other direction is free
	b.receive(b.server, wire.CmdPing)
	if got := commands(b.proxy.State(), 1, ToClient); len(got) != 1 {
		t.Errorf("%v passed while the second is held", got)
	}
	b.proxy.Release(nil)
	b.receive(b.client, wire.CmdPong)
	if s := b.proxy.State(); s.Held != 0 {
		t.Errorf("%d held after the release", s.Held)
	}
}

func TestDropsAsIfItHadNotBeenSent(t *testing.T) {
	b := newBench(t, func(f *Frame) Verdict {
		if f.Command == wire.CmdPong {
			return Drop
		}
		return Pass
	})
	b.send(b.server, wire.NewMsgPong(1))
	b.send(b.server, wire.NewMsgPing(2))
	b.receive(b.client, wire.CmdPing)
	if got := commands(b.proxy.State(), 1, ToClient); !slices.Equal(got, []string{wire.CmdPing}) {
		t.Errorf("%v passed, want the ping", got)
	}
}

func TestCutEndsConnections(t *testing.T) {
	b := newBench(t, func(f *Frame) Verdict {
		if f.Command == wire.CmdPong {
			return Cut
		}
		return Pass
	})
	b.send(b.server, wire.NewMsgPong(1))
	if _, err := b.client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read after the gate cut: %v, want the end", err)
	}
	second, _ := b.open()
	b.proxy.Cut()
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read after Cut: %v, want the end", err)
	}
	if err := b.proxy.Wait(b.ctx, func(s State) bool { return s.Open == 0 }); err != nil {
		t.Error(err)
	}
	if err := b.stop(); err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestGarbageIsAnError(t *testing.T) {
	for name, corrupt := range map[string]func([]byte){
		"network":  func(raw []byte) { raw[0] ^= 1 },
		"length":   func(raw []byte) { raw[lengthAt+3] = 0xff },
		"checksum": func(raw []byte) { raw[checksumAt] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			raw := make([]byte, wire.MessageHeaderSize)
			w := &fixedWriter{raw: raw}
			b.send(w, wire.NewMsgVerAck())
			corrupt(raw)
			if _, err := b.client.Write(raw); err != nil {
				t.Fatal(err)
			}
			if err := b.proxy.Wait(b.ctx, func(s State) bool { return s.Conns == 1 && s.Open == 0 }); err != nil {
				t.Fatal(err)
			}
			var format *formatError
			if err := b.stop(); !errors.As(err, &format) {
				t.Errorf("run: %v, want a format error", err)
			}
		})
	}
}

// fixedWriter writes into a slice.
type fixedWriter struct {
	raw  []byte
	used int
}

func (w *fixedWriter) Write(b []byte) (int, error) {
	w.used += copy(w.raw[w.used:], b)
	return len(b), nil
}
