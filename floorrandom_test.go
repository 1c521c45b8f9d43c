package spvd_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

var (
	floorLives = flag.Int("floorlives", 6, "number of random lives of clients whose floor of the filters moves")
	floorLife  = flag.Uint64("floorlife", 0, "the first of these lives")
)

// watchedAddresses is how many addresses the wallets of a random life may watch.
const watchedAddresses = 6

// floorWorld is a client whose wallets come to watch random addresses from random birthdays on, and
// what they have to find.
type floorWorld struct {
	*testing.T
	r       *rand.Rand
	network *testnet.Network
	chain   *testnet.Chain
	paid    [watchedAddresses][]consensus.Height // where each address is paid a coin
	born    map[string]map[int]consensus.Height  // by wallet and address
	cfg     spvd.Config
	client  *spvd.Client
	stop    func() error
}

func newFloorWorld(t *testing.T, seed uint64) *floorWorld {
	w := &floorWorld{T: t, r: rand.New(rand.NewPCG(seed, 19)), born: map[string]map[int]consensus.Height{wallet.DefaultName: {}}}
	plan := testnet.Plan{}
	blocks := consensus.Height(2600 + w.r.IntN(2000))
	for i := range w.paid {
		_, script := addressOf(uint32(600 + i)).PaymentScript()
		for range 20 {
			h := 1 + consensus.Height(w.r.IntN(int(blocks)))
			plan.Pay(h, script, 1e8)
			w.paid[i] = append(w.paid[i], h)
		}
	}
	var err error
	if w.chain, err = testnet.Generate(t.Context(), testnet.Config{Seed: seed + 1, Blocks: int(blocks), Plan: plan}); err != nil {
		t.Fatal(err)
	}
	w.network = testnet.NewNetwork(1, nil)
	w.network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: w.chain}), link.Shape{Latency: time.Millisecond})
	ahead := time.Until(w.chain.Now())
	w.cfg = spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: w.network.Dial,
		Now: func() time.Time { return time.Now().Add(ahead) },
	}
	switch w.r.IntN(4) {
	case 0: // all filters are wanted
	case 1:
		w.cfg.Birthday = &wallet.Birthday{Height: w.height()}
	default:
		w.cfg.Birthday = &wallet.Birthday{Time: w.chain.Now().Add(48 * time.Hour)}
	}
	if w.r.IntN(2) == 0 {
		s := snapshottest.New(w.chain, 1+w.r.IntN((int(blocks)-300)/snapshot.BlocksOf(w.chain.Params())))
		s.Seal()
		dir := filepath.Join(w.cfg.Dir, "imported")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		w.cfg.Bootstrap = []string{dir}
	}
	return w
}

// height returns a random height of the chain.
func (w *floorWorld) height() consensus.Height {
	return 1 + consensus.Height(w.r.IntN(int(w.chain.Height())))
}

// start starts the client, with settings that decide about the filters.
func (w *floorWorld) start() {
	w.cfg.KeepFilters, w.cfg.Prune = false, false
	switch w.r.IntN(4) {
	case 0:
		w.cfg.KeepFilters = true
	case 1, 2:
		w.cfg.Prune = true
	}
	var err error
	if w.client, err = spvd.Open(w.cfg); err != nil {
		w.Fatal(err)
	}
	w.stop = running(w.T, w.client.Run)
}

func (w *floorWorld) end() {
	if err := errors.Join(w.stop(), w.client.Close()); err != nil {
		w.Error(err)
	}
}

// pass lets virtual time pass.
func (w *floorWorld) pass(d time.Duration) {
	if err := wait.For(w.Context(), d); err != nil {
		w.Error(err)
	}
}

// watch has a wallet, which may be a new one, watch an address from a height on.
func (w *floorWorld) watch() {
	name := []string{wallet.DefaultName, "second", "third"}[w.r.IntN(3)]
	if w.born[name] == nil {
		w.born[name] = make(map[int]consensus.Height)
		if _, err := w.client.Wallets().Create(name, nil); err != nil {
			w.Fatal(err)
		}
	}
	x, err := w.client.Wallet(name)
	if err != nil {
		w.Fatal(err)
	}
	i, h := w.r.IntN(watchedAddresses), w.height()
	if _, err := x.ImportAddresses(w.Context(), []string{addressOf(uint32(600 + i)).String()}, &wallet.Birthday{Height: h}); err != nil {
		w.Fatal(err)
	}
	if born, known := w.born[name][i]; known {
		h = min(h, born)
	}
	w.born[name][i] = h
}

// assertFound waits until the client is synced, and compares what the wallets have with what the
// chain has paid them.
func (w *floorWorld) assertFound() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
	defer cancel()
	if err := w.client.Sync().Wait(ctx, spv.Synced); err != nil {
		w.Fatalf("%v: %+v", err, w.client.Sync().Status())
	}
	for name, born := range w.born {
		want := int64(0)
		for i, from := range born {
			for _, h := range w.paid[i] {
				if h >= from {
					want += 1e8
				}
			}
		}
		x, err := w.client.Wallet(name)
		if err != nil {
			w.Fatal(err)
		}
		if b, err := x.Balances(w.Context(), 1); err != nil || int64(b.Sum.Total) != want {
			w.Errorf("wallet %s has %v, want %d: %v; born %v, floor %d", name, b.Sum.Total, want, err, born, w.client.Sync().Status().Floor)
		}
	}
	if st := w.client.Sync().Status(); st.Backfill || len(st.Warnings) > 0 {
		w.Errorf("synced, the status is %+v", st)
	}
}

// TestRandomFloors: whatever wallets come to watch, when, from which birthdays on, with filters kept,
// left out or pruned, with snapshots below and above the floor, and with restarts at any time: they
// have all that they were paid since the birthdays, and the store passes its check.
func TestRandomFloors(t *testing.T) {
	lives := *floorLives
	if race.Enabled { // make test runs all of them without the race detector
		lives = (lives + 2) / 3
	}
	for n := range lives {
		synctest.Test(t, func(t *testing.T) {
			seed := *floorLife + uint64(n)
			w := newFloorWorld(t, seed)
			defer running(t, w.network.Run)()
			w.start()
			for range 12 {
				switch w.r.IntN(4) {
				case 0:
					w.end()
					checkStore(t, w.cfg.Dir, w.chain.Params())
					w.start()
				case 1:
					w.assertFound()
				default:
					w.watch()
				}
				w.pass(time.Duration(w.r.IntN(1500)) * time.Millisecond)
			}
			w.assertFound()
			w.pass(2 * time.Hour) // filters are pruned, if they are to be
			w.watch()
			w.assertFound()
			w.end()
			checkStore(t, w.cfg.Dir, w.chain.Params())
			if t.Failed() {
				t.Logf("this is life %d: -floorlives 1 -floorlife %d", seed, seed)
			}
		})
	}
}
