package serve

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// heightOf returns a height that a test counts as an int.
func heightOf(h int) consensus.Height { return consensus.Height(h) }

// TestFaultsEndTheConnection: each with a client that has shaken hands.
func TestFaultsEndTheConnection(t *testing.T) {
	hashes := func(n int) []byte { return make([]byte, n*32) }
	count := func(n int, rest []byte) []byte {
		return append([]byte{0xfd, byte(n), byte(n >> 8)}, rest...)
	}
	for _, f := range []struct {
		name, cmd string
		payload   []byte
	}{
		{"locator of 501 hashes", "getheaders", append(make([]byte, 4), count(501, hashes(502))...)},
		{"locator with fewer hashes than it says", "getheaders", append(make([]byte, 4), count(300, hashes(5))...)},
		{"locator with a long count", "getheaders", append(make([]byte, 4), count(2, hashes(3))...)},
		{"getheaders without anything", "getheaders", nil},
		{"half a request for filters", "getcfsv2", hashes(1)},
		{"request for a filter and a half", "getcfilterv2", hashes(2)},
		{"empty getdata", "getdata", []byte{0}},
		{"empty inv", "inv", []byte{0}},
		{"getdata with a lie about its size", "getdata", append([]byte{9}, make([]byte, 36)...)},
		{"getdata of nine exabytes", "getdata", []byte{0xff, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"second version", "version", encoded(versionOf(11))},
		{"second verack", "verack", nil},
		{"ping without a nonce", "ping", nil},
		{"sendheaders with a payload", "sendheaders", []byte{1}},
		{"transaction of noise", "tx", bytes.Repeat([]byte{0xa5}, 300)},
		{"transaction above the limit", "tx", make([]byte, maxTxSize+1)},
		{"initial state of a type too many", "getinitstate", bytes.Repeat([]byte{40}, 1000)},
		{"unknown message above the limit", "gigantic", make([]byte, maxSkipped+1)},
	} {
		t.Run(f.name, func(t *testing.T) {
			served(t, 10, func(w *world) {
				c := w.join("192.0.2.9")
				_ = c.raw(f.cmd, f.payload) // it may be left before it has sent all
				c.gone(time.Second)
				if n := w.server.Stats().Defects; n > 0 {
					t.Errorf("%d defects", n)
				}
				w.join("192.0.2.9")
			})
		})
	}
}

func encoded(m wire.Message) []byte {
	var b bytes.Buffer
	if err := m.BtcEncode(&b, 11); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestBadHandshakes: other networks, old versions, this program itself, requests without a
// version, noise, and silence.
func TestBadHandshakes(t *testing.T) {
	ours := func(c *Config) { c.Ours = func(nonce uint64) bool { return nonce == 99 } }
	served(t, 10, func(w *world) {
		for name, act := range map[string]func(c *lightClient){
			"another network": func(c *lightClient) { c.net = wire.MainNet; c.send(versionOf(11)) },
			"an old version":  func(c *lightClient) { c.send(versionOf(8)) },
			"itself":          func(c *lightClient) { v := versionOf(11); v.Nonce = 99; c.send(v) },
			"no version":      func(c *lightClient) { c.send(wire.NewMsgPing(1)) },
			"noise":           func(c *lightClient) { _, _ = c.conn.Write(bytes.Repeat([]byte{0x5a}, 24)) },
			"bad checksum":    func(c *lightClient) { _, _ = c.conn.Write(badChecksum(c.net)) },
		} {
			c := w.dial("192.0.2.9")
			act(c)
			c.gone(time.Second)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		began := time.Now()
		c := w.dial("192.0.2.9")
		c.gone(time.Minute)
		if d := time.Since(began); d != handshakeTime {
			t.Errorf("a silent client was left after %v", d)
		}
	}, ours)
}

func badChecksum(net wire.CurrencyNet) []byte {
	var b bytes.Buffer
	_ = wire.WriteMessage(&b, versionOf(11), 11, net)
	b.Bytes()[20] ^= 1
	return b.Bytes()
}

// TestHalfOpenConnections are left: those that send nothing, although they are asked for a sign of
// life, and those that stop in the middle of a message.
func TestHalfOpenConnections(t *testing.T) {
	served(t, 10, func(w *world) {
		silent, stuck := w.join("192.0.2.9"), w.join("192.0.2.10")
		_, _ = stuck.conn.Write([]byte{byte(stuck.net)})
		began := time.Now()
		m, _, err := wire.ReadMessage(silent.conn, 11, silent.net)
		if _, ok := m.(*wire.MsgPing); !ok || time.Since(began) != pingEvery {
			t.Errorf("got %T after %v: %v", m, time.Since(began), err)
		}
		stuck.gone(idleTime)
		silent.gone(idleTime)
		if d := time.Since(began); d > idleTime {
			t.Errorf("left after %v", d)
		}
	})
}

// TestSlowReader: a client that asks and does not read is not read from, holds little, costs others
// nothing, and is left.
func TestSlowReader(t *testing.T) {
	served(t, 2000, func(w *world) {
		slow, other := w.join("192.0.2.9"), w.join("192.0.2.10")
		m := wire.NewMsgGetHeaders()
		m.BlockLocatorHashes = pointers(w.chain.ID(0).Hash)
		n := 0
		var asking sync.WaitGroup
		asking.Go(func() {
			for wire.WriteMessage(slow.conn, m, 11, slow.net) == nil {
				n++
			}
		})
		began := time.Now()
		synctest.Wait()
		if got := other.headersAfter(chainhash.Hash{}, w.chain.ID(1990).Hash); len(got) != 10 {
			t.Errorf("another client got %d headers", len(got))
		}
		asking.Wait()
		if n > 5 || time.Since(began) != writeTime {
			t.Errorf("%d requests were read, the client was left after %v", n, time.Since(began))
		}
	})
}

// TestAnnouncementsToASlowReader end its connection when too many bytes wait.
func TestAnnouncementsToASlowReader(t *testing.T) {
	out := newOutbox()
	m := newMessage(wire.SimNet, wire.CmdInv, make([]byte, maxUnread))
	if err := out.add(m); err != nil {
		t.Fatal(err)
	}
	if out.add(m) == nil {
		t.Error("the outbox is without a bound")
	}
}

// TestManyConnections: of one host, of many, and in quick turns.
func TestManyConnections(t *testing.T) {
	served(t, 10, func(w *world) {
		l := defaultLimits()
		var held []*lightClient
		for range l.sourceConns {
			held = append(held, w.join("192.0.2.9"))
		}
		w.dial("192.0.2.9").gone(time.Second)
		for i := 1; len(held) < l.conns; i++ {
			held = append(held, w.join(fmt.Sprintf("198.51.100.%d", i)))
		}
		w.dial("203.0.113.1").gone(time.Second)
		if s := w.server.Stats(); s.Accepted != uint64(l.conns) || s.Refused != 2 {
			t.Errorf("%+v", s)
		}
		for _, c := range held {
			c.conn.Close()
		}
		synctest.Wait()
		w.join("203.0.113.1")
		for i := range 100 {
			c := w.dial("203.0.113.77")
			c.conn.Close()
			synctest.Wait()
			if s := w.server.Stats(); s.Refused > 2 {
				if i < int(l.dials) {
					t.Errorf("refused after %d", i)
				}
				break
			}
			if i == 99 {
				t.Error("a host may connect without end")
			}
		}
		w.pass(time.Duration(float64(time.Second) / l.dialRate))
		w.join("203.0.113.77")
	})
}

// TestTooManyBlocksAtATime end the connection; what waited is forgotten.
func TestTooManyBlocksAtATime(t *testing.T) {
	served(t, 10, func(w *world) {
		w.set(func() { w.fetching = make(chan struct{}) })
		c := w.join("192.0.2.9")
		list := make([]chainhash.Hash, defaultLimits().waiting/2)
		for i := range list {
			list[i] = w.chain.ID(5).Hash
		}
		c.ask(wire.InvTypeBlock, list...)
		c.ask(wire.InvTypeBlock, list...)
		synctest.Wait()
		c.ask(wire.InvTypeBlock, list[0])
		c.gone(time.Second)
		synctest.Wait()
		w.set(func() { close(w.fetching); w.fetching = nil })
		again := w.join("192.0.2.9")
		again.ask(wire.InvTypeBlock, list...)
		for range list {
			if _, ok := again.next().(*wire.MsgBlock); !ok {
				t.Fatal("no block")
			}
		}
	})
}

// TestBytesPerSecond: what a host is sent keeps to its rate, over all its connections, and another
// host is not held up by it.
func TestBytesPerSecond(t *testing.T) {
	limit := func(c *Config) {
		c.limits = defaultLimits()
		c.limits.bytes, c.limits.byteRate = 100_000, 10_000
	}
	served(t, 500, func(w *world) { // 90 kB of headers
		a, b := w.join("192.0.2.9"), w.join("192.0.2.9")
		began := time.Now()
		for range 3 {
			a.headersAfter(chainhash.Hash{}, w.chain.ID(0).Hash)
			b.headersAfter(chainhash.Hash{}, w.chain.ID(0).Hash)
		}
		if d := time.Since(began); d < 40*time.Second || d > 50*time.Second {
			t.Errorf("540 kB in %v", d)
		}
		began = time.Now()
		w.join("192.0.2.10").headersAfter(chainhash.Hash{}, w.chain.ID(0).Hash)
		if d := time.Since(began); d != 0 {
			t.Errorf("another host waited for %v", d)
		}
	}, limit)
}

// TestBlocksPerHour: a host has to wait for blocks that have to be fetched, not for those in the
// cache; the cache keeps to its size. No wait ends in the instant in which fetchTime does: which
// of two timers comes first then is chance.
func TestBlocksPerHour(t *testing.T) {
	limit := func(c *Config) {
		c.limits = defaultLimits()
		c.limits.blocks, c.limits.blockRate, c.limits.cache = 2, 1.0/8, 12_000
	}
	served(t, 20, func(w *world) {
		c := w.join("192.0.2.9")
		get := func(h int) (wire.Message, time.Duration) {
			began := time.Now()
			c.ask(wire.InvTypeBlock, w.chain.ID(heightOf(h)).Hash)
			return c.next(), time.Since(began)
		}
		for _, step := range []struct {
			height int
			waits  time.Duration
		}{{1, 0}, {2, 0}, {1, 0}, {3, 8 * time.Second}, {3, 0}, {4, 8 * time.Second}} {
			m, d := get(step.height)
			if _, ok := m.(*wire.MsgBlock); !ok || d.Round(time.Second) != step.waits {
				t.Errorf("block %d: %T after %v, want %v", step.height, m, d, step.waits)
			}
		}
		if n := w.server.Stats().Cached; n > 12_000 || n == 0 {
			t.Errorf("%d bytes are kept", n)
		}
		c.ask(wire.InvTypeBlock, w.chain.ID(5).Hash, w.chain.ID(6).Hash, w.chain.ID(7).Hash)
		found := 0
		for {
			m := c.next()
			if _, ok := m.(*wire.MsgBlock); !ok {
				break
			}
			found++
		}
		if found != 2 {
			t.Errorf("%d blocks within %v", found, fetchTime)
		}
	}, limit)
}

// TestTransactionsPerHost are bounded.
func TestTransactionsPerHost(t *testing.T) {
	served(t, 10, func(w *world) {
		c := w.join("192.0.2.9")
		m := wire.NewMsgInv()
		for i := range 200 {
			m.InvList = append(m.InvList, inv(wire.InvTypeTx, chainhash.Hash{byte(i), 1})...)
		}
		c.send(m)
		if got, ok := c.next().(*wire.MsgGetData); !ok || len(got.InvList) != int(defaultLimits().txs) {
			t.Fatalf("asked for %d", len(got.InvList))
		}
		c.send(m)
		c.silent(time.Second)
	})
}

// TestWorkIsPaced: all clients together get their share of a processor, and less of it while the
// sync has work to do.
func TestWorkIsPaced(t *testing.T) {
	l := defaultLimits()
	for _, busy := range []bool{false, true} {
		now := time.Now()
		s := newSources(l)
		s.setBusy(busy)
		src, _ := s.admit("192.0.2.9", now)
		other, _ := s.admit("192.0.2.10", now)
		share := l.share
		if busy {
			share = l.busyShare
		}
		var used time.Duration
		for end := now.Add(time.Minute); now.Before(end); {
			used += 2 * time.Millisecond
			now = now.Add(max(s.useWork(src, time.Millisecond, now), s.useWork(other, time.Millisecond, now)))
		}
		if got := used.Seconds() / 60; got > 1.1*share || got < 0.9*share {
			t.Errorf("busy %v: a share of %.3f, want %.3f", busy, got, share)
		}
	}
}

// TestNewConnectionsArePaced while the sync has work to do: they cost something, too.
func TestNewConnectionsArePaced(t *testing.T) {
	served(t, 10, func(w *world) {
		w.set(func() { w.state.Busy = true })
		began := time.Now()
		for i := range 1000 {
			w.dial(fmt.Sprintf("198.51.%d.%d", i/250, i%250)).conn.Close()
		}
		most := time.Duration(float64(1000*acceptCost) / defaultLimits().busyShare)
		if d := time.Since(began); d < most/2 {
			t.Errorf("1,000 connections in %v, want about %v", d, most)
		}
	})
}

// TestSourcesAreForgotten: there are never more than a bounded number.
func TestSourcesAreForgotten(t *testing.T) {
	now := time.Now()
	s := newSources(defaultLimits())
	for i := range 3 * maxSources {
		src, _ := s.admit(fmt.Sprint(i), now)
		if src == nil {
			now = now.Add(time.Minute)
			continue
		}
		s.leave(src, now)
	}
	if len(s.all) > maxSources || s.conns != 0 {
		t.Errorf("%d sources, %d connections", len(s.all), s.conns)
	}
}

// FuzzRequests: whatever a client sends, the server does not fail, and allocates little more than
// what has arrived.
func FuzzRequests(f *testing.F) {
	f.Add([]byte{})
	for _, m := range []wire.Message{
		versionOf(11), wire.NewMsgVerAck(), wire.NewMsgPing(1), wire.NewMsgGetHeaders(), wire.NewMsgGetInitState(), payment(1),
		wire.NewMsgGetCFsV2(&chainhash.Hash{}, &chainhash.Hash{}), &wire.MsgGetData{InvList: inv(wire.InvTypeBlock, chainhash.Hash{1})},
	} {
		var b bytes.Buffer
		if err := wire.WriteMessage(&b, m, 11, wire.SimNet); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	w := &world{published: map[chainhash.Hash]*wire.MsgTx{}}
	srv, err := New(Config{
		Params: consensus.SimNet().ChainParams, UserAgent: "/a:1/", Listen: []string{listenAt}, Network: w, Changes: w.changes,
		Chain: func() (Chain, error) { return nil, errNone }, Report: func(...string) {},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		now := time.Now()
		src, _ := newSources(defaultLimits()).admit("192.0.2.9", now)
		ctx, end := context.WithCancelCause(t.Context())
		defer end(nil)
		s := newSession(srv, 1, namedConn{theirs, &net.TCPAddr{}}, src, end)
		s.ctx = ctx
		s.frames = newFrameReader(bytes.NewReader(stream), wire.SimNet)
		for {
			req, err := s.frames.next()
			if cap(s.frames.buf) > 2*len(stream)+firstGrant {
				t.Fatalf("%d bytes allocated for %d", cap(s.frames.buf), len(stream))
			}
			if err != nil {
				break
			}
			if _, err := s.handle(req); err != nil {
				break
			}
		}
		s.served(s.waiting.Load())
	})
}
