package headersync

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
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

// fakePeers answer from chains; one without a chain is silent.
type fakePeers struct {
	mu         sync.Mutex
	chains     map[p2p.PeerID]*testnet.Chain
	claims     map[p2p.PeerID]uint32
	announced  []p2p.Announcement
	accused    []p2p.PeerID
	useless    []p2p.PeerID
	credits    []p2p.PeerID
	acquitted  []p2p.PeerID
	subscribed []p2p.PeerID
}

func (p *fakePeers) Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, p2p.PeerID, error) {
	for _, id := range slices.Sorted(maps.Keys(p.chains)) {
		if !slices.Contains(avoid, id) {
			payload, err := p.HeadersFrom(ctx, id, locator, stop)
			return payload, id, err
		}
	}
	return nil, 0, errors.New("no peer")
}

func (p *fakePeers) HeadersFrom(_ context.Context, id p2p.PeerID, locator []chainhash.Hash, _ chainhash.Hash) ([]byte, error) {
	c := p.chains[id]
	if c == nil {
		return nil, errors.New("no reply")
	}
	for _, hash := range locator {
		if h, ok := c.Find(&hash); ok {
			return c.HeadersPayload(h+1, min(c.Height(), h+FullBatch)), nil
		}
	}
	return c.HeadersPayload(1, min(c.Height(), FullBatch)), nil
}

func (p *fakePeers) SendHeaders(_ context.Context, id p2p.PeerID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subscribed = append(p.subscribed, id)
	return nil
}

func (p *fakePeers) Live() iter.Seq2[p2p.PeerID, uint32] { return maps.All(p.claims) }
func (p *fakePeers) Dialling() bool                      { return false }
func (p *fakePeers) Host(id p2p.PeerID) string           { return string(rune('a' + id)) }
func (p *fakePeers) Group(id p2p.PeerID) string          { return p.Host(id) }
func (p *fakePeers) Trip(p2p.PeerID) time.Duration       { return 0 }
func (p *fakePeers) Accuse(id p2p.PeerID, _ error)       { p.accused = append(p.accused, id) }
func (p *fakePeers) Acquit(id p2p.PeerID)                { p.acquitted = append(p.acquitted, id) }
func (p *fakePeers) Useless(id p2p.PeerID, _ error)      { p.useless = append(p.useless, id) }
func (p *fakePeers) Credit(id p2p.PeerID, height uint32) { p.credits = append(p.credits, id) }
func (p *fakePeers) TakeAnnouncements() iter.Seq[p2p.Announcement] {
	list := p.announced
	p.announced = nil
	return slices.Values(list)
}

// join makes a peer live, with a chain or silent.
func (p *fakePeers) join(id p2p.PeerID, c *testnet.Chain, claim consensus.Height) {
	p.chains[id], p.claims[id] = c, uint32(claim)
}

// world is a sync over a store that has the genesis block only.
type world struct {
	*fakePeers
	store *chain.Chain
	sync  *Sync
	jobs  *jobs.Group
}

func generate(t *testing.T, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func inWorld(t *testing.T, c *testnet.Chain, params *consensus.Params, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: params, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		ahead := time.Until(c.Now().Add(time.Hour))
		w := &world{
			fakePeers: &fakePeers{chains: make(map[p2p.PeerID]*testnet.Chain), claims: make(map[p2p.PeerID]uint32)},
			store:     store, jobs: jobs.New(),
		}
		w.sync = New(Deps{
			Params: params, Peers: w.fakePeers, Jobs: w.jobs, Log: log, Now: func() time.Time { return time.Now().Add(ahead) },
			Defects: defect.NewReporter(log, w.fakePeers.Useless),
		})
		w.jobs.Begin(t.Context())
		defer w.jobs.Stop()
		w.sync.Begin(store)
		defer w.sync.End()
		test(t, w)
	})
}

// turn makes a turn of the loop, and applies all that the jobs bring.
func (w *world) turn(t *testing.T) {
	t.Helper()
	now := time.Now()
	w.sync.Roster(now)
	if err := w.sync.Listen(now); err != nil {
		t.Fatal(err)
	}
	if err := w.sync.Fetch(MaxAhead, now); err != nil {
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

// complete makes turns until the sync is complete.
func (w *world) complete(t *testing.T, tip consensus.BlockID) {
	t.Helper()
	for range 1000 {
		if w.turn(t); w.sync.Complete(time.Now()) && w.store.Staged().Tip == tip {
			return
		}
	}
	t.Fatalf("at %v, want %v; %+v", w.store.Staged().Tip, tip, w.sync.Facts())
}

// TestTheBestBranchIsFollowed has a peer with a branch, one with a branch with more work, and a
// silent one that claims more.
func TestTheBestBranchIsFollowed(t *testing.T) {
	best := generate(t, 3000)
	branch := best.Fork(2500, 300, 7)
	inWorld(t, best, best.Params(), func(t *testing.T, w *world) {
		w.join(1, branch, branch.Height())
		w.join(2, best, best.Height())
		w.join(3, nil, 9000)
		w.complete(t, best.Tip())
		f := w.sync.Facts()
		if f.Peers != 3 || !f.Shown || f.Tail || f.Best != best.Height() || f.Claim != 2 || f.Refused != 0 {
			t.Errorf("the facts are %+v", f)
		}
		if len(w.accused)+len(w.useless) > 0 || !slices.Contains(w.credits, 2) {
			t.Errorf("accused %v, useless %v, credited %v", w.accused, w.useless, w.credits)
		}
		w.sync.Subscribe()
		w.turn(t)
		slices.Sort(w.subscribed)
		if !slices.Equal(w.subscribed, []p2p.PeerID{1, 2, 3}) {
			t.Errorf("sendheaders was sent to %v", w.subscribed)
		}
	})
}

// TestAnAnnouncedReorganisationIsReported announces a branch with more work by its headers.
func TestAnAnnouncedReorganisationIsReported(t *testing.T) {
	c := generate(t, 300)
	inWorld(t, c, c.Params(), func(t *testing.T, w *world) {
		w.join(1, c, c.Height())
		w.complete(t, c.Tip())
		if changes := w.sync.Changes(); len(changes.Reorgs) != 0 {
			t.Errorf("reorganised %d times at first", len(changes.Reorgs))
		}
		other := c.Outgrow(295, 9)
		w.join(1, other, other.Height())
		w.announced = []p2p.Announcement{{From: 1, Headers: other.HeadersPayload(296, other.Height())}}
		w.complete(t, other.Tip())
		changes := w.sync.Changes()
		if len(changes.Reorgs) != 1 || changes.Reorgs[0].Fork != c.ID(295) || len(changes.Reorgs[0].Reverted) != 5 {
			t.Errorf("the changes are %+v", changes)
		}
	})
}

// TestRangesBetweenWaypointsLeadToTheTip has waypoints, and a peer on a branch before them.
func TestRangesBetweenWaypointsLeadToTheTip(t *testing.T) {
	c := generate(t, 5000)
	branch := c.Fork(1000, 1000, 7)
	params := *c.Params()
	params.Waypoints = []consensus.BlockID{c.ID(1500), c.ID(3000), c.ID(4500)}
	inWorld(t, c, &params, func(t *testing.T, w *world) {
		w.join(1, branch, branch.Height())
		w.join(2, c, c.Height())
		if w.sync.FetchingRanges() == false {
			t.Error("no ranges are fetched")
		}
		w.complete(t, c.Tip())
		if w.sync.FetchingRanges() || w.sync.FetchingTail() || len(w.accused) > 0 {
			t.Errorf("accused %v", w.accused)
		}
	})
}

// TestTheSenderOfABrokenRuleIsAccused changes a header that one of two peers sends late.
func TestTheSenderOfABrokenRuleIsAccused(t *testing.T) {
	c := generate(t, 300)
	inWorld(t, c, c.Params(), func(t *testing.T, w *world) {
		w.join(1, c, c.Height())
		w.join(2, c, c.Height())
		w.complete(t, c.Tip())
		payload := c.HeadersPayload(291, 300)
		payload[len(payload)-2] ^= 1 // of the last header: its work
		w.sync.ProveLate(2, []chainhash.Hash{c.ID(290).Hash}, payload)
		if w.sync.Proving() != 1 {
			t.Errorf("%d replies are being proven", w.sync.Proving())
		}
		w.turn(t)
		if !slices.Equal(w.accused, []p2p.PeerID{2}) || w.sync.Proving() != 0 {
			t.Errorf("accused %v", w.accused)
		}
		if f := w.sync.Facts(); f.Refused != 1 || f.Refusal == nil {
			t.Errorf("the facts are %+v", f)
		}
	})
}
