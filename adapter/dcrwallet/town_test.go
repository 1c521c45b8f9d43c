package dcrwallet_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
)

// nodeAddr is where the node of a town is.
const nodeAddr = "10.0.0.1:18555"

// patience bounds every wait of a test that fails.
const patience = 60 * time.Second

// town is a synthetic network of one node.
type town struct {
	net  *testnet.Network
	node *testnet.Node
	host *testnet.Host
}

// newTown returns a running network whose node has a chain.
func newTown(t *testing.T, blocks int, plan testnet.Plan) *town {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	w := &town{net: testnet.NewNetwork(1, nil), node: testnet.NewNode(testnet.NodeConfig{Chain: c})}
	w.host = w.net.Add(nodeAddr, w.node, link.Shape{})
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.net.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	return w
}

// seedOf returns a seed that a test may choose.
func seedOf(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// openWallet opens the wallet of a seed, which is closed when the test ends.
func openWallet(t *testing.T, dir string, seed []byte) *seedwallet.Wallet {
	t.Helper()
	w, err := seedwallet.Open(t.Context(), dir, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// scriptOf returns the script that pays to an address of a wallet.
func scriptOf(t *testing.T, w *seedwallet.Wallet, branch, index uint32) []byte {
	t.Helper()
	addr, err := w.Address(t.Context(), branch, index)
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return script
}

// runner is a wallet with a syncer that runs.
type runner struct {
	wallet  *seedwallet.Wallet
	backend seedwallet.Backend
	changed chan struct{} // poked (capacity one) by every callback

	mu      sync.Mutex
	events  []string
	mempool []*wire.MsgTx

	stop context.CancelFunc
	done chan error
}

// adapterConfig is how the adapter connects to a town.
func (w *town) adapterConfig(dir string) dcrwallet.Config {
	return dcrwallet.Config{Dir: dir, Connect: []string{nodeAddr}, Dial: w.net.Dial}
}

// runAdapter runs a wallet on the adapter.
func (w *town) runAdapter(t *testing.T, dir string, seed []byte) *runner {
	t.Helper()
	wallet := openWallet(t, dir, seed)
	return run(t, wallet, seedwallet.NewAdapter(wallet, w.adapterConfig(filepath.Join(dir, "engine"))))
}

// runReference runs a wallet on its own syncer.
func (w *town) runReference(t *testing.T, dir string, seed []byte) *runner {
	t.Helper()
	wallet := openWallet(t, dir, seed)
	backend := seedwallet.NewReference(wallet, dir, w.net.Dial)
	backend.SetPersistentPeers([]string{nodeAddr})
	return run(t, wallet, backend)
}

// run runs a syncer until the test ends or end is called.
func run(t *testing.T, w *seedwallet.Wallet, backend seedwallet.Backend) *runner {
	t.Helper()
	r := &runner{wallet: w, backend: backend, changed: make(chan struct{}, 1)}
	backend.SetNotifications(r.callbacks())
	r.begin()
	t.Cleanup(func() { r.end(t) })
	return r
}

func (r *runner) begin() {
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	done := make(chan error, 1)
	r.done = done
	var wg sync.WaitGroup
	wg.Go(func() { done <- r.backend.Run(ctx) })
}

// end stops the syncer, if it runs, and reports an error that is not that of its context.
func (r *runner) end(t *testing.T) {
	t.Helper()
	r.stop()
	if r.done == nil {
		return
	}
	if err := <-r.done; err != nil && err.Error() != context.Canceled.Error() {
		t.Errorf("Run: %v", err)
	}
	r.done = nil
}

// callbacks returns callbacks that record their names.
func (r *runner) callbacks() *dcrwallet.Notifications {
	named := func(name string) func() { return func() { r.record(name) } }
	return &dcrwallet.Notifications{
		Synced:                       func(synced bool) { r.record(fmt.Sprintf("synced %v", synced)) },
		PeerConnected:                func(n int32, addr string) { r.record(fmt.Sprintf("connected %s: %d", addr, n)) },
		PeerDisconnected:             func(n int32, addr string) { r.record(fmt.Sprintf("disconnected %s: %d", addr, n)) },
		FetchMissingCFiltersStarted:  named("missing filters"),
		FetchMissingCFiltersFinished: named("missing filters done"),
		FetchHeadersStarted:          named("headers"),
		FetchHeadersFinished:         named("headers done"),
		DiscoverAddressesStarted:     named("discovery"),
		DiscoverAddressesFinished:    named("discovery done"),
		RescanStarted:                named("rescan"),
		RescanFinished:               named("rescan done"),
		MempoolTxs: func(txs []*wire.MsgTx) {
			r.mu.Lock()
			r.mempool = append(r.mempool, txs...)
			r.mu.Unlock()
			r.record("mempool")
		},
		TipChanged: func(tip *wire.BlockHeader, reverted int32, txs []*wire.MsgTx) {
			r.record(fmt.Sprintf("tip %d, %d reverted, %d transactions", tip.Height, reverted, len(txs)))
		},
	}
}

func (r *runner) record(event string) {
	r.mu.Lock()
	r.events = append(r.events, event)
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// recorded returns the callbacks so far.
func (r *runner) recorded() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.events...)
}

// count returns how often a callback was called.
func (r *runner) count(event string) (n int) {
	for _, e := range r.recorded() {
		if e == event {
			n++
		}
	}
	return n
}

// await waits until a condition holds, which it looks at after every callback.
func (r *runner) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !holds() {
		select {
		case <-r.changed:
		case err := <-r.done:
			r.done = nil
			t.Fatalf("wait for %s: Run returned: %v\ncallbacks: %q", what, err, r.recorded())
		case <-late.C:
			t.Fatalf("wait for %s: nothing for %v\ncallbacks: %q", what, patience, r.recorded())
		}
	}
}

// poll waits until a condition holds that no callback reports.
func (r *runner) poll(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for !holds() {
		if err := wait.For(ctx, 5*time.Millisecond); err != nil {
			t.Fatalf("wait for %s: %v\ncallbacks: %q", what, err, r.recorded())
		}
	}
}

// awaitSynced waits until the wallet is synced for the n-th time.
func (r *runner) awaitSynced(t *testing.T, n int) {
	t.Helper()
	r.await(t, "the wallet to be synced", func() bool { return r.count("synced true") == n })
}

// awaitTip waits until the wallet has scanned up to the tip of a chain.
func (r *runner) awaitTip(t *testing.T, c *testnet.Chain) {
	t.Helper()
	r.await(t, "the tip", func() bool {
		hash, _ := r.wallet.MainChainTip(t.Context())
		point, err := r.wallet.RescanPoint(t.Context())
		synced, _ := r.backend.Synced(t.Context())
		return hash == c.Tip().Hash && point == nil && err == nil && synced
	})
}

// summary returns what the wallet holds.
func (r *runner) summary(t *testing.T) seedwallet.Summary {
	t.Helper()
	s, err := r.wallet.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compare fails the test unless two wallets hold the same.
func compare(t *testing.T, when string, got, want seedwallet.Summary) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s differs\nadapter:   %+v\nreference: %+v", when, g.Type().Field(i).Name, a, b)
		}
	}
}
