package peer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/session"
	"github.com/spvd/spvd/peer/internal/syncpeers"
)

// network is where a pool under test dials. Every address has a script that
// plays its node, once per connection; one without a script cannot be reached.
type network struct {
	t  *testing.T
	wg sync.WaitGroup

	mu      sync.Mutex
	scripts map[string]func(*peertest.Node)
	dials   []dialling
}

// dialling is one attempt to connect.
type dialling struct {
	at   time.Time
	addr string
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, scripts: make(map[string]func(*peertest.Node))}
}

// at sets the script of the node at an address, nil for none.
func (n *network) at(addr string, script func(*peertest.Node)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.scripts[addr] = script
}

func (n *network) dialled() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	var times []time.Time
	for _, d := range n.dials {
		times = append(times, d.at)
	}
	return times
}

// dialledAt is dialled for one address.
func (n *network) dialledAt(addr string) []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	var times []time.Time
	for _, d := range n.dials {
		if d.addr == addr {
			times = append(times, d.at)
		}
	}
	return times
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials = append(n.dials, dialling{time.Now(), addr})
	script := n.scripts[addr]
	if script == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	n.wg.Go(func() {
		defer theirs.Close()
		script(peertest.NewNode(n.t, theirs))
	})
	return ours, nil
}

// bench is a pool under test, in a bubble of virtual time.
type bench struct {
	*Pool
	*syncpeers.Peers
	t   *testing.T // the one of the bubble
	net *network
	log *logbook
}

// newBench returns a pool for the given scripts, which play the nodes at the addresses a:1,
// b:1 and so on. Nil means that there is no node.
func newBench(t *testing.T, tune func(*Config), scripts ...func(*peertest.Node)) *bench {
	t.Helper()
	b := &bench{t: t, net: newNetwork(t), log: new(logbook)}
	cfg := Config{Params: peertest.Params, UserAgent: "/spvd:0.1.0/", Dial: b.net.dial, Log: slog.New(b.log)}
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
	b.Pool, b.Peers = pool, pool.Peers()
	return b
}

// run runs a test against a running pool. It ends when the test returns, and fails if a
// request is in flight or a goroutine running then.
func run(t *testing.T, tune func(*Config), scripts []func(*peertest.Node), test func(t *testing.T, b *bench)) {
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
	})
}

// serve makes one connection to the node at a:1, and serves it to its end.
func (b *bench) serve(ctx context.Context) (time.Duration, *fault.Error) {
	return b.sessions.Serve(ctx, session.Plan{Addr: "a:1", Role: Wanted, Dialled: func() {}})
}

// only returns the only live peer.
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
func (l *logbook) reasons(level slog.Level) []string { return l.values(level, "reason") }

// values returns the values of an attribute that were logged at a level.
func (l *logbook) values(level slog.Level, key string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, r := range l.records {
		if r.Level != level {
			continue
		}
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == key {
				out = append(out, a.Value.String())
			}
			return true
		})
	}
	return out
}

// every returns the value of an attribute in each record, empty where it is not.
func (l *logbook) every(key string) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.records {
		out = append(out, "")
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == key {
				out[len(out)-1] = a.Value.String()
			}
			return true
		})
	}
	return out
}
