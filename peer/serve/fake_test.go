package serve

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

var errNone = errors.New("not there")

// world is all that a server under test sees: a chain, a network behind it, and the sync.
type world struct {
	*testing.T
	server *Server

	mu        sync.Mutex
	chain     *testnet.Chain
	enough    bool
	floor     consensus.Height // of filters
	state     State
	changed   chan struct{}
	troubles  []string
	binds     map[string]error // why addresses cannot be listened at
	listeners map[string]*pipeListener
	fetches   map[chainhash.Hash]int
	fetching  chan struct{} // blocks are held while it is not nil and open
	passed    []*wire.MsgTx
	sources   []string
	published map[chainhash.Hash]*wire.MsgTx
	dials     int
}

// Tip, HeadersAfter, HeightOf and FiltersBetween are the chain, read block by block.
func (w *world) Tip() (consensus.BlockID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chain.Tip(), w.enough
}

func (w *world) HeadersAfter(locator []chainhash.Hash, stop chainhash.Hash, most int, fn func(h *consensus.Header)) (n int, err error) {
	w.mu.Lock()
	c := w.chain
	w.mu.Unlock()
	from := consensus.Height(1)
	if len(locator) == 0 {
		h, ok := c.Find(&stop)
		if !ok {
			return 0, nil
		}
		fn(c.At(h))
		return 1, nil
	}
	for i := range locator {
		if h, ok := c.Find(&locator[i]); ok {
			from = h + 1
			break
		}
	}
	for h := from; h <= c.Height() && n < most; h++ {
		fn(c.At(h))
		n++
		if c.ID(h).Hash == stop {
			break
		}
	}
	return n, nil
}

func (w *world) HeightOf(hash chainhash.Hash) (consensus.Height, error) {
	w.mu.Lock()
	c := w.chain
	w.mu.Unlock()
	h, ok := c.Find(&hash)
	if !ok {
		return 0, errNone
	}
	return h, nil
}

func (w *world) FiltersBetween(start, end chainhash.Hash, most int, fn func(block *chainhash.Hash, filter []byte)) error {
	w.mu.Lock()
	c, floor := w.chain, w.floor
	w.mu.Unlock()
	from, ok1 := c.Find(&start)
	to, ok2 := c.Find(&end)
	if !ok1 || !ok2 || from > to || int(to-from) >= most || from < floor {
		return errNone
	}
	for h := from; h <= to; h++ {
		id := c.ID(h)
		fn(&id.Hash, c.Filter(h))
	}
	return nil
}

// Block, Publish and Published are the network behind the server.
func (w *world) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	w.mu.Lock()
	c, held := w.chain, w.fetching
	w.fetches[hash]++
	w.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	h, ok := c.Find(&hash)
	if !ok {
		return nil, errNone
	}
	return c.Block(h), nil
}

func (w *world) Publish(_ context.Context, tx *wire.MsgTx, source string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passed, w.sources = append(w.passed, tx), append(w.sources, source)
	return nil
}

func (w *world) Published(hash chainhash.Hash) *wire.MsgTx {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.published[hash]
}

// set changes the world, and has the server see it.
func (w *world) set(change func()) {
	w.mu.Lock()
	change()
	w.state.Tip = w.chain.Tip()
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	synctest.Wait()
}

func (w *world) changes(ctx context.Context) iter.Seq[State] {
	return func(yield func(State) bool) {
		for {
			w.mu.Lock()
			st, changed := w.state, w.changed
			w.mu.Unlock()
			if !yield(st) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (w *world) trouble() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.troubles) == 0 {
		return ""
	}
	return w.troubles[0]
}

// pass lets virtual time pass.
func (w *world) pass(d time.Duration) {
	w.Helper()
	if err := wait.For(w.Context(), d); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
}

const listenAt = "192.0.2.1:9108"

// served runs a test in virtual time beside a server of a chain of so many blocks, whose store is
// open. It checks in the end that the server leaves nothing behind.
func served(t *testing.T, blocks int, test func(w *world), change ...func(*Config)) {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, c)
		stop := w.serve(t.Context(), change...)
		synctest.Wait()
		test(w)
		stop()
	})
}

// newWorld returns what a server of a chain sees.
func newWorld(t *testing.T, c *testnet.Chain) *world {
	return &world{
		T: t, chain: c, enough: true, changed: make(chan struct{}), binds: make(map[string]error),
		listeners: make(map[string]*pipeListener), fetches: make(map[chainhash.Hash]int),
		published: make(map[chainhash.Hash]*wire.MsgTx),
		state:     State{Open: true, Current: true, Tip: c.Tip()},
	}
}

// serve starts a server. The returned function stops it, and checks that it leaves nothing behind.
func (w *world) serve(ctx context.Context, change ...func(*Config)) (stop func()) {
	w.Helper()
	cfg := Config{
		Params: w.chain.Params().ChainParams, UserAgent: "/server:1/", Listen: []string{listenAt},
		Chain: func() (Chain, error) { return w, nil }, Network: w, Changes: w.changes, Bind: w.bind,
		Report: func(list ...string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.troubles = list
		},
	}
	for _, fn := range change {
		fn(&cfg)
	}
	var err error
	if w.server, err = New(cfg); err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.server.Serve(ctx); err != nil {
			w.Errorf("Serve returned %v", err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
		if list := w.server.Clients(); len(list) > 0 {
			w.Errorf("clients stay: %+v", list)
		}
		if w.server.sources.conns != 0 {
			w.Errorf("%d connections are counted", w.server.sources.conns)
		}
		if got := w.trouble(); got != "" {
			w.Errorf("a trouble stays: %s", got)
		}
	}
}

// pipeListener accepts connections in memory.
type pipeListener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (w *world) bind(_ context.Context, address string) (net.Listener, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.binds[address]; err != nil {
		return nil, err
	}
	addr, err := net.ResolveTCPAddr("tcp", address)
	l := &pipeListener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	w.listeners[address] = l
	return l, err
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.addr }

// namedConn is a connection from an address.
type namedConn struct {
	net.Conn
	from net.Addr
}

func (c namedConn) RemoteAddr() net.Addr { return c.from }

// lightClient is a light client, written against package wire alone.
type lightClient struct {
	*testing.T
	conn net.Conn
	net  wire.CurrencyNet
}

// dial connects from a host, and returns nil if the server is not there.
func (w *world) dial(host string) *lightClient {
	w.Helper()
	w.mu.Lock()
	l := w.listeners[listenAt]
	w.dials++
	from := &net.TCPAddr{IP: net.ParseIP(host), Port: w.dials}
	w.mu.Unlock()
	if l == nil {
		return nil
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- namedConn{theirs, from}:
	case <-l.closed:
		return nil
	}
	return &lightClient{T: w.T, conn: ours, net: w.chain.Params().ChainParams.Net}
}

// join connects and shakes hands.
func (w *world) join(host string) *lightClient {
	w.Helper()
	c := w.dial(host)
	if c == nil {
		w.Fatal("the server is not there")
	}
	c.send(versionOf(11))
	if v, ok := c.next().(*wire.MsgVersion); !ok || v.Services != wire.SFNodeNetwork || v.ProtocolVersion != 11 || v.UserAgent != "/server:1/" {
		w.Fatalf("version: %+v", v)
	}
	if _, ok := c.next().(*wire.MsgVerAck); !ok {
		w.Fatal("no verack")
	}
	c.send(wire.NewMsgVerAck())
	return c
}

func versionOf(pver int32) *wire.MsgVersion {
	return &wire.MsgVersion{ProtocolVersion: pver, Timestamp: time.Unix(time.Now().Unix(), 0), Nonce: 5, UserAgent: "/client:1/", LastBlock: -1}
}

func (c *lightClient) send(m wire.Message) {
	c.Helper()
	if err := wire.WriteMessage(c.conn, m, 11, c.net); err != nil {
		c.Fatalf("send %s: %v", m.Command(), err)
	}
}

// raw sends a message of any command and payload, and returns the error.
func (c *lightClient) raw(cmd string, payload []byte) error {
	var b bytes.Buffer
	sum := chainhash.HashB(payload)
	b.Write([]byte{byte(c.net), byte(c.net >> 8), byte(c.net >> 16), byte(c.net >> 24)})
	name := make([]byte, 12)
	copy(name, cmd)
	b.Write(name)
	n := len(payload)
	b.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	b.Write(sum[:4])
	b.Write(payload)
	_, err := c.conn.Write(b.Bytes())
	return err
}

// next reads a message; pings are answered.
func (c *lightClient) next() wire.Message {
	c.Helper()
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(10 * time.Minute)); err != nil {
			c.Fatal(err)
		}
		m, _, err := wire.ReadMessage(c.conn, 11, c.net)
		if err != nil {
			c.Fatalf("read: %v", err)
		}
		if ping, ok := m.(*wire.MsgPing); ok {
			c.send(wire.NewMsgPong(ping.Nonce))
			continue
		}
		return m
	}
}

// silent checks that nothing comes within a time, which is shorter than the pause before a ping.
func (c *lightClient) silent(d time.Duration) {
	c.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.Fatal(err)
	}
	n, err := c.conn.Read(make([]byte, 1))
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() {
		c.Fatalf("got %d bytes, %v; want silence", n, err)
	}
}

// gone checks that the server has closed the connection, or does so within a time.
func (c *lightClient) gone(within time.Duration) {
	c.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return // it is closed already
	}
	for b := make([]byte, 1<<10); ; {
		_, err := c.conn.Read(b)
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			c.Fatal("the connection is still open")
		}
		if err != nil {
			return
		}
	}
}

func pointers(list ...chainhash.Hash) (out []*chainhash.Hash) {
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}

// headersAfter asks for headers.
func (c *lightClient) headersAfter(stop chainhash.Hash, locator ...chainhash.Hash) []*wire.BlockHeader {
	c.Helper()
	m := wire.NewMsgGetHeaders()
	m.BlockLocatorHashes, m.HashStop = pointers(locator...), stop
	c.send(m)
	got, ok := c.next().(*wire.MsgHeaders)
	if !ok {
		c.Fatalf("got %T", got)
	}
	return got.Headers
}

func inv(kind wire.InvType, list ...chainhash.Hash) (out []*wire.InvVect) {
	for i := range list {
		out = append(out, wire.NewInvVect(kind, &list[i]))
	}
	return out
}

// ask sends getdata.
func (c *lightClient) ask(kind wire.InvType, list ...chainhash.Hash) {
	c.Helper()
	m := wire.NewMsgGetData()
	m.InvList = inv(kind, list...)
	c.send(m)
}
