package filtersync

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// fakePeers serve the filters of a chain, each in its way; the height decides which one is asked.
type fakePeers struct {
	chain *testnet.Chain
	serve map[p2p.PeerID]func(first consensus.Height, payload []byte) []byte // nil: no reply

	mu      sync.Mutex
	accused []p2p.PeerID
}

func (p *fakePeers) live() []p2p.PeerID {
	var ids []p2p.PeerID
	for id := range p.serve {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (p *fakePeers) CFilters(_ context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, _ int) ([]byte, p2p.PeerID, error) {
	ids := slices.DeleteFunc(p.live(), func(id p2p.PeerID) bool { return slices.Contains(avoid, id) })
	if len(ids) == 0 {
		ids = p.live()
	}
	first, _ := p.chain.Find(&start)
	last, _ := p.chain.Find(&end)
	id := ids[int(first)/ChunkSize%len(ids)]
	if reply := p.serve[id](first, p.chain.CFiltersPayload(first, last)); reply != nil {
		return reply, id, nil
	}
	return nil, id, errors.New("no reply")
}

func (p *fakePeers) Group(id p2p.PeerID) string { return string(rune('a' + id)) }

func (p *fakePeers) Accuse(id p2p.PeerID, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accused = append(p.accused, id)
}

func honest(_ consensus.Height, payload []byte) []byte { return payload }

func silent(consensus.Height, []byte) []byte { return nil }

// spoiled changes a byte of the first filter.
func spoiled(_ consensus.Height, payload []byte) []byte {
	payload[1+32+1+3] ^= 1
	return payload
}

// world is a sync over a store with the headers of a chain.
type world struct {
	*fakePeers
	store   *chain.Chain
	sync    *Sync
	jobs    *jobs.Group
	partial bool
}

func inWorld(t *testing.T, c *testnet.Chain, serve map[p2p.PeerID]func(consensus.Height, []byte) []byte, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: c.Params(), Log: log})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		headers, err := consensus.PrepareHeaders(c.Params(), c.HeadersPayload(1, c.Height()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Extend(headers, 1, c.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		w := &world{fakePeers: &fakePeers{chain: c, serve: serve}, store: store, jobs: jobs.New(), partial: true}
		w.sync = New(Deps{
			Params: c.Params(), Peers: w.fakePeers, Jobs: w.jobs, Log: log, EarlyRange: "1–99",
			Defects: defect.NewReporter(log, func(p2p.PeerID, error) {}),
		})
		w.jobs.Begin(t.Context())
		defer w.jobs.Stop()
		w.sync.Begin(store)
		test(t, w)
	})
}

// turn requests what is due, and applies all that the jobs bring.
func (w *world) turn(t *testing.T) {
	t.Helper()
	if err := w.sync.Fetch(w.live(), w.partial, time.Now()); err != nil {
		t.Fatal(err)
	}
	_ = wait.For(t.Context(), 100*time.Millisecond)
	for {
		synctest.Wait()
		select {
		case apply := <-w.jobs.Results():
			if err := apply(); err != nil {
				t.Fatal(err)
			}
			for w.sync.Ready() {
				if err := w.sync.Apply(); err != nil {
					t.Fatal(err)
				}
			}
		default:
			return
		}
	}
}

// complete makes turns until the chain has all filters.
func (w *world) complete(t *testing.T) {
	t.Helper()
	for range 1000 {
		if w.turn(t); w.store.Staged().Filters == w.chain.Tip() {
			return
		}
	}
	t.Fatalf("complete to %v of %v only", w.store.Staged().Filters.Height, w.chain.Height())
}

func generate(t *testing.T, params *consensus.Params, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: params, Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFiltersComeFromHonestPeers has one peer that sends wrong filters and one that is silent.
func TestFiltersComeFromHonestPeers(t *testing.T) {
	c := generate(t, nil, 450)
	serve := map[p2p.PeerID]func(consensus.Height, []byte) []byte{1: spoiled, 2: silent, 3: honest}
	inWorld(t, c, serve, func(t *testing.T, w *world) {
		w.complete(t)
		if bytes, filters := w.sync.Received(); bytes == 0 || filters != 450 {
			t.Errorf("%d filters in %d bytes were received", filters, bytes)
		}
		if !w.sync.Idle() || w.sync.Delay() != (Delay{}) || len(w.sync.Found()) != 0 {
			t.Errorf("idle %v, delay %v", w.sync.Idle(), w.sync.Delay())
		}
		if len(w.accused) == 0 || slices.ContainsFunc(w.accused, func(id p2p.PeerID) bool { return id != 1 }) {
			t.Errorf("accused %v", w.accused)
		}
	})
}

// TestADelayNamesTheFiltersThatAreMissing has no peer with filters.
func TestADelayNamesTheFiltersThatAreMissing(t *testing.T) {
	c := generate(t, nil, 150)
	serve := map[p2p.PeerID]func(consensus.Height, []byte) []byte{1: silent, 2: silent}
	inWorld(t, c, serve, func(t *testing.T, w *world) {
		for range 20 {
			w.turn(t)
		}
		if d := w.sync.Delay(); d != (Delay{From: 1, To: 100, Failed: 2}) {
			t.Errorf("the delay is %+v", d)
		}
		w.sync.Restart()
		if !w.sync.Idle() || w.sync.Delay() != (Delay{}) {
			t.Errorf("after a restart: idle %v, %+v", w.sync.Idle(), w.sync.Delay())
		}
	})
}

// TestALiarAboutEarlyFiltersIsFound has one of three peers serve early filters of its own.
func TestALiarAboutEarlyFiltersIsFound(t *testing.T) {
	c := generate(t, testnet.Eras(), 500)
	serve := map[p2p.PeerID]func(consensus.Height, []byte) []byte{2: honest, 3: honest}
	serve[1] = func(first consensus.Height, payload []byte) []byte {
		if first < c.Params().DCP0005 {
			return spoiled(first, payload)
		}
		return payload
	}
	inWorld(t, c, serve, func(t *testing.T, w *world) {
		w.complete(t)
		if found := w.sync.Found(); !slices.Equal(found, []Finding{Wrong, Proven}) {
			t.Errorf("found %v", found)
		}
		if !slices.Equal(w.accused, []p2p.PeerID{1}) || w.sync.Comparison().Open {
			t.Errorf("accused %v", w.accused)
		}
	})
}

// TestLateFiltersAreProven has a wrong one among them.
func TestLateFiltersAreProven(t *testing.T) {
	c := generate(t, nil, 150)
	inWorld(t, c, map[p2p.PeerID]func(consensus.Height, []byte) []byte{1: honest}, func(t *testing.T, w *world) {
		for id, serve := range map[p2p.PeerID]func(consensus.Height, []byte) []byte{2: honest, 3: spoiled} {
			if err := w.sync.ProveLate(id, c.ID(11).Hash, c.ID(20).Hash, serve(11, c.CFiltersPayload(11, 20))); err != nil {
				t.Fatal(err)
			}
		}
		w.complete(t)
		if !slices.Equal(w.accused, []p2p.PeerID{3}) || w.sync.Proving() != 0 {
			t.Errorf("accused %v, %d are being proven", w.accused, w.sync.Proving())
		}
	})
}
