package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
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
	theirs := expect[*wire.MsgVersion](n)
	if theirs == nil {
		return
	}
	n.send(v)
	n.pver = min(uint32(v.ProtocolVersion), uint32(theirs.ProtocolVersion))
	n.send(wire.NewMsgVerAck())
	expect[*wire.MsgVerAck](n)
}

// drain reads and ignores everything until the connection is closed.
func (n *node) drain() {
	for {
		if _, err := n.read(); err != nil {
			return
		}
	}
}

// serve answers every request from a chain until the connection is closed. It
// leaves out what mute returns true for.
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

// testChain is headers and filters of a chain with no work in it.
type testChain struct {
	blocks []*wire.MsgBlock // blocks[i] has height i
	hashes []chainhash.Hash
}

func newTestChain(n int) *testChain {
	c := &testChain{}
	prev := params.GenesisHash
	for i := range n {
		b := &wire.MsgBlock{Header: wire.BlockHeader{PrevBlock: prev, Height: uint32(i), Timestamp: time.Unix(int64(i), 0)}}
		if i == 0 {
			b = params.GenesisBlock
		}
		prev = b.BlockHash()
		c.blocks = append(c.blocks, b)
		c.hashes = append(c.hashes, prev)
	}
	return c
}

func (c *testChain) filter(i int) wire.MsgCFilterV2 {
	return wire.MsgCFilterV2{BlockHash: c.hashes[i], Data: bytes.Repeat([]byte{byte(i)}, 100+i%100)}
}

func (c *testChain) height(h chainhash.Hash) int {
	for i := range c.hashes {
		if c.hashes[i] == h {
			return i
		}
	}
	return -1
}

// answer answers like a good node; nil is silence.
func (c *testChain) answer(msg wire.Message) wire.Message {
	switch msg := msg.(type) {
	case *wire.MsgPing:
		return wire.NewMsgPong(msg.Nonce)
	case *wire.MsgGetHeaders:
		from := 1
		for _, h := range msg.BlockLocatorHashes {
			if i := c.height(*h); i >= 0 {
				from = i + 1
				break
			}
		}
		return c.headers(from)
	case *wire.MsgGetCFsV2:
		first, last := c.height(msg.StartHash), c.height(msg.EndHash)
		if first < 0 || last < first || last-first >= wire.MaxCFiltersV2PerBatch {
			return nil
		}
		return c.filters(first, last)
	case *wire.MsgGetCFilterV2:
		if i := c.height(msg.BlockHash); i >= 0 {
			f := c.filter(i)
			return &f
		}
	case *wire.MsgGetData:
		if i := c.height(msg.InvList[0].Hash); i >= 0 {
			return c.blocks[i]
		}
		return &wire.MsgNotFound{InvList: msg.InvList}
	}
	return nil
}

func (c *testChain) headers(from int) *wire.MsgHeaders {
	m := wire.NewMsgHeaders()
	for i := from; i < len(c.blocks) && len(m.Headers) < wire.MaxBlockHeadersPerMsg; i++ {
		m.AddBlockHeader(&c.blocks[i].Header)
	}
	return m
}

func (c *testChain) filters(first, last int) *wire.MsgCFiltersV2 {
	var list []wire.MsgCFilterV2
	for i := first; i <= last; i++ {
		list = append(list, c.filter(i))
	}
	return wire.NewMsgCFiltersV2(list)
}

// payload returns the payload of a message as it travels.
func payload(t *testing.T, msg wire.Message) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.ProtocolVersion); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// network is where a pool under test dials. Every address has a script that
// plays its node, once per connection; one without a script cannot be reached.
type network struct {
	t  *testing.T
	wg sync.WaitGroup

	mu      sync.Mutex
	scripts map[string]func(*node)
	dials   []time.Time
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, scripts: make(map[string]func(*node))}
}

// at sets what plays the node at an address, nil for nobody.
func (n *network) at(addr string, script func(*node)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.scripts[addr] = script
}

func (n *network) dialled() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Time(nil), n.dials...)
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials = append(n.dials, time.Now())
	script := n.scripts[addr]
	if script == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	n.wg.Go(func() {
		defer theirs.Close()
		script(&node{t: n.t, nc: theirs, pver: wire.ProtocolVersion})
	})
	return ours, nil
}

// bench is a pool under test, in a bubble of virtual time.
type bench struct {
	*Pool
	t   *testing.T // the one of the bubble
	net *network
	log *logbook
}

// newBench returns a pool for the given scripts, which play the nodes at the
// addresses a:1, b:1 and so on. Nil is nobody.
func newBench(t *testing.T, tune func(*Config), scripts ...func(*node)) *bench {
	t.Helper()
	b := &bench{t: t, net: newNetwork(t), log: new(logbook)}
	cfg := Config{Params: params, UserAgent: "/spvd:0.1.0/", Dial: b.net.dial, Log: slog.New(b.log)}
	for i, s := range scripts {
		addr := string(rune('a'+i)) + ":1"
		cfg.Connect = append(cfg.Connect, addr)
		b.net.at(addr, s)
	}
	if tune != nil {
		tune(&cfg)
	}
	pool, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Pool = pool
	return b
}

// run runs a test against a running pool. It ends when the test returns, and
// fails if then anything is still in flight or running.
func run(t *testing.T, tune func(*Config), scripts []func(*node), test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, tune, scripts...)
		pool := b.Pool
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := pool.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
		synctest.Wait()
		test(t, b)
		synctest.Wait()
		for _, i := range pool.Infos() {
			if i.Requests != 0 || i.RequestBytes != 0 {
				t.Errorf("peer %s has %d requests, %d bytes in flight after the test", i.Addr, i.Requests, i.RequestBytes)
			}
		}
		cancel()
		wg.Wait()
		b.net.wg.Wait()
		if n := len(pool.Infos()); n != 0 {
			t.Errorf("%d peers left after the run", n)
		}
		if n := len(pool.queue); n != 0 {
			t.Errorf("%d requests left in the queue", n)
		}
	})
}

// only returns the one live peer.
func (b *bench) only() Info {
	b.t.Helper()
	infos := b.Infos()
	if len(infos) != 1 {
		b.t.Fatalf("%d live peers, want one", len(infos))
	}
	return infos[0]
}

// logbook keeps the log records of a test.
type logbook struct {
	mu      sync.Mutex
	records []slog.Record
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r)
	return nil
}

// reasons returns the reasons that were logged for lost connections at a level.
func (l *logbook) reasons(level slog.Level) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, r := range l.records {
		if r.Level != level {
			continue
		}
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "reason" {
				out = append(out, a.Value.String())
			}
			return true
		})
	}
	return out
}
