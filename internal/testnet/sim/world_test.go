package sim_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// trunk is what all worlds have in common: every test network is a branch of
// it. Making it once saves nearly all of the time that chains take.
var trunk = sync.OnceValue(func() *testnet.Chain {
	plan := testnet.Plan{}
	for h := consensus.Height(50); h < 2600; h += 170 {
		plan.Pay(h, mine(int(h/170)%3), 1e8)
	}
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 1, Blocks: 2600, Plan: plan})
	if err != nil {
		panic(err)
	}
	return c
})

// mine returns a script of the wallet.
func mine(i int) []byte { return []byte{0x51, 0x51, byte(0x51 + i)} }

// near is a line to the next town, far one to the other side of the world.
var (
	near = link.Shape{Latency: 5 * time.Millisecond}
	far  = link.Shape{Latency: 80 * time.Millisecond}
)

// world is a network and a client of it, in virtual time.
type world struct {
	*testing.T
	seed   uint64         // of what lines and client leave to chance
	best   *testnet.Chain // of all honest nodes
	net    *testnet.Network
	honest []*testnet.Host
	liars  []*testnet.Host
	log    *slog.Logger

	cfg    spv.Config
	pool   *peer.Pool
	syncer *spv.Syncer
	wallet *ledger

	relayLater bool // the first connections ask for no transactions
	eclipsed   bool // peers withhold blocks, so that the client cannot know of them

	mu     sync.Mutex
	events []testnet.Event
	calm   time.Time // when the best chain or the lines last changed

	client stopper
	nodes  stopper
}

// stopper ends something that runs and waits for its end.
type stopper struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// run begins something.
func (s *stopper) run(ctx context.Context, fs ...func(context.Context)) {
	ctx, s.cancel = context.WithCancel(ctx)
	for _, f := range fs {
		s.running.Go(func() { f(ctx) })
	}
}

// stop ends it.
func (s *stopper) stop() {
	if s.cancel != nil {
		s.cancel()
		s.running.Wait()
		s.cancel = nil
	}
}

// inWorld runs a test on a network whose honest nodes have the given chain. No
// node is there yet, and no client runs. When the test has ended it checks what
// holds of every world.
func inWorld(t *testing.T, best *testnet.Chain, test func(w *world)) {
	t.Helper()
	inSeededWorld(t, best, best.Seed(), test)
}

// inSeededWorld is inWorld for a network on which chance follows from a seed that
// is not that of the chain.
func inSeededWorld(t *testing.T, best *testnet.Chain, seed uint64, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		wait.Until(t.Context(), best.Now().Add(time.Hour))
		w := &world{T: t, seed: seed, best: best, log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))}
		w.net = testnet.NewNetwork(seed, w.log.With("at", "net"))
		w.wallet = newLedger(t, best)
		w.nodes.run(t.Context(), func(ctx context.Context) {
			if err := w.net.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		defer w.nodes.stop()
		defer w.stopClient()
		test(w)
	})
}

// node puts a node on the network.
func (w *world) node(b testnet.Behaviour, shape link.Shape) *testnet.Host {
	addr := fmt.Sprintf("10.%d.0.1:18555", len(w.net.Hosts())+1)
	return w.net.Add(addr, testnet.NewNode(testnet.NodeConfig{
		Chain:     w.best,
		Behaviour: b,
		Protocol:  uint32(11 + len(w.net.Hosts())%2),
		Trace:     w.trace,
	}), shape)
}

// trace remembers what passed.
func (w *world) trace(e testnet.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// honestNodes puts honest nodes on the network.
func (w *world) honestNodes(n int, shape link.Shape) {
	for range n {
		w.honest = append(w.honest, w.node(testnet.Honest{}, shape))
	}
}

// liar puts a node with a fault on the network.
func (w *world) liar(f testnet.Fault, seed uint64, shape link.Shape) *testnet.Host {
	h := w.node(f.Make(seed), shape)
	w.liars = append(w.liars, h)
	return h
}

// startClient starts a client that knows all nodes. After stopClient it starts
// another process on the same files, with the same list of bans.
func (w *world) startClient() {
	w.Helper()
	if w.pool == nil {
		w.makePool()
	}
	w.cfg.Peers = w.pool.Peers()
	syncer, err := spv.New(w.cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.syncer = syncer
	w.disturbed()
	w.client.run(w.Context(), func(ctx context.Context) {
		if err := w.pool.Run(ctx); err != nil {
			w.Errorf("pool: %v", err)
		}
	}, func(ctx context.Context) {
		if err := syncer.Run(ctx); err != nil {
			w.Errorf("syncer: %v", err)
		}
	}, func(ctx context.Context) { w.watchStatus(ctx, syncer) })
}

// makePool makes the pool, tuned, and what the client is made from.
func (w *world) makePool(tune ...func(*peer.Config)) {
	var addrs []string
	for _, h := range w.net.Hosts() {
		addrs = append(addrs, h.Addr)
	}
	chance := testnet.Chance(w.seed)
	cfg := peer.Config{
		Params:    w.best.Params().ChainParams,
		UserAgent: "/sim:1.0.0/",
		Connect:   addrs,
		RelayTx:   !w.relayLater,
		Dial:      w.net.Dial,
		Rand:      chance,
		Log:       w.log.With("at", "peer"),
	}
	for _, f := range tune {
		f(&cfg)
	}
	pool, err := peer.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.pool = pool
	w.cfg = spv.Config{
		Params:    w.best.Params(),
		ChainFile: filepath.Join(w.TempDir(), "chain.db"),
		Wallet:    w.wallet,
		Log:       w.log.With("at", "spv"),
	}
}

// stopClient stops the client and demands that it stops soon.
func (w *world) stopClient() {
	w.Helper()
	began := time.Now()
	w.client.stop()
	if took := time.Since(began); took > 2*time.Second {
		w.Errorf("the client took %v to stop", took)
	}
}

// become makes a chain the best one of the given nodes, and of all if none are
// given.
func (w *world) become(c *testnet.Chain, hosts ...*testnet.Host) {
	w.mu.Lock()
	w.best, w.calm = c, time.Now()
	w.mu.Unlock()
	if len(hosts) == 0 {
		hosts = w.net.Hosts()
	}
	for _, h := range hosts {
		h.Node.SetChain(c)
	}
}

// extend puts blocks on the best chain, one after the other.
func (w *world) extend(n int) {
	for range n {
		w.become(w.best.Extend(1))
	}
}

// reorganise replaces the newest blocks by others with more work.
func (w *world) reorganise(depth int, seed uint64) {
	w.become(w.best.Outgrow(w.best.Height()-consensus.Height(depth), seed))
}

// disturbed notes that lines have changed: for a while the client cannot know.
func (w *world) disturbed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = time.Now()
}

// mustSync waits until the client is synced to the best chain, and checks that
// it truly is.
func (w *world) mustSync(within time.Duration) {
	w.Helper()
	w.mustSaySynced(within)
	store, err := w.syncer.Chain()
	if err != nil {
		w.Fatal(err)
	}
	if err := store.Check(w.Context()); err != nil {
		w.Errorf("the store fails its check: %v", err)
	}
	for h := range w.best.Height() + 1 {
		filter, err := store.Filter(h)
		if err != nil || !slices.Equal(filter, w.best.Filter(h)) {
			w.Fatalf("filter %d is not that of the best chain: %v", h, err)
		}
	}
	w.wallet.mustBeAt(w.best)
}

// mustSaySynced waits until the client says that it is synced to the best chain.
func (w *world) mustSaySynced(within time.Duration) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), within)
	defer cancel()
	tip := w.best.Tip()
	err := w.syncer.Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip == tip })
	if err != nil {
		w.Fatalf("not synced to block %d within %v: %v\nstatus: %+v\npeers: %+v", tip.Height, within, err, w.syncer.Status(), w.pool.Infos())
	}
}

// mustSettle demands that nothing stays in flight to honest nodes: that at some
// moment soon there is nothing.
func (w *world) mustSettle() {
	w.Helper()
	var owed []peer.Info
	for range 600 {
		<-time.After(100 * time.Millisecond)
		synctest.Wait()
		owed = slices.DeleteFunc(w.pool.Infos(), func(p peer.Info) bool {
			return p.Requests == 0 && p.RequestBytes == 0 || !slices.ContainsFunc(w.honest, func(h *testnet.Host) bool { return h.Addr == p.Addr })
		})
		if len(owed) == 0 {
			return
		}
	}
	w.Errorf("honest nodes never stop owing replies: %+v", owed)
}

// mustNotHaveBanned demands that a node was not banned.
func (w *world) mustNotHaveBanned(hosts ...*testnet.Host) {
	w.Helper()
	for _, b := range w.pool.Bans() {
		for _, h := range hosts {
			if b.Addr == h.Addr {
				w.Errorf("%s is banned: %v: %s", b.Addr, b.Reason, b.Evidence)
			}
		}
	}
}

// mustBeWelcome demands that no honest node banned the client.
func (w *world) mustBeWelcome() {
	w.Helper()
	for _, h := range w.honest {
		if n := h.Node.Traffic().Bans.Load(); n != 0 {
			w.Errorf("%s has banned the client", h.Addr)
		}
	}
}

// until waits for a status, for an hour at most.
func (w *world) until(what string, cond func(spv.Status) bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
	defer cancel()
	if err := w.syncer.Wait(ctx, cond); err != nil {
		w.Fatalf("never %s: %v\nstatus: %+v", what, err, w.syncer.Status())
	}
}

// sessions returns what passed on each connection.
func (w *world) sessions() map[*testnet.Session][]testnet.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	by := make(map[*testnet.Session][]testnet.Event)
	for _, e := range w.events {
		by[e.Session] = append(by[e.Session], e)
	}
	return by
}

// served returns how many messages with a command the nodes have sent.
func (w *world) served(command string) int { return w.passed(false, command) }

// received returns how many messages with a command have come to the nodes.
func (w *world) received(command string) int { return w.passed(true, command) }

func (w *world) passed(in bool, command string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.In == in && e.Command == command {
			n++
		}
	}
	return n
}

// fault returns the fault of a name.
func fault(t *testing.T, name string) testnet.Fault {
	t.Helper()
	for _, f := range testnet.Faults() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no fault %q", name)
	return testnet.Fault{}
}
