package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// bornDiary is a diary that watches from a birthday on.
type bornDiary struct {
	*diary

	birth sync.Mutex // guards what follows
	from  consensus.Height
	since time.Time
}

func newBornDiary(t *testing.T, c *testnet.Chain, from consensus.Height, scripts ...[]byte) *bornDiary {
	return &bornDiary{diary: newDiary(t, c, scripts...), from: from}
}

func (d *bornDiary) FiltersFrom() (consensus.Height, time.Time) {
	d.birth.Lock()
	defer d.birth.Unlock()
	return d.from, d.since
}

// Scripts returns none for blocks far below the birthday, as wallets do.
func (d *bornDiary) Scripts() ([][]byte, uint64) {
	from, _ := d.FiltersFrom()
	if tip, _ := d.Scanned(); tip.Height+1+floorMargin < from {
		return nil, 0
	}
	return d.diary.Scripts()
}

// lower makes the wallet search from an earlier birthday on.
func (d *bornDiary) lower(to consensus.Height) {
	d.birth.Lock()
	d.from, d.since = to, time.Time{}
	d.birth.Unlock()
	d.mu.Lock()
	d.blocks = d.blocks[:max(1, to):max(1, to)]
	d.mu.Unlock()
	d.changed <- struct{}{}
}

// filtersAsked returns how many requests for filters a peer got.
func (h *house) filtersAsked(p *fakePeer) (n int) {
	kinds, _ := h.net.told(p)
	for _, kind := range kinds {
		if kind == "filters" {
			n++
		}
	}
	return n
}

// untilSyncedFrom waits until the syncer is synced to the tip of a chain, and checks that the
// store has the filters from a height on, and no others.
func (h *house) untilSyncedFrom(limit time.Duration, c *testnet.Chain, floor consensus.Height) {
	h.Helper()
	h.until(limit, fmt.Sprintf("synced to block %d", c.Height()), func(st Status) bool {
		return st.Synced && st.Tip == c.Tip()
	})
	store, err := h.syncer.Chain()
	if err != nil {
		h.Fatal(err)
	}
	if err := store.Check(h.Context()); err != nil {
		h.Errorf("the store fails its check: %v", err)
	}
	if st := store.State(); st.Floor != floor || st.Filters != c.Tip() || st.Above.Any() || h.syncer.Status().Floor != floor {
		h.Errorf("the floor is %d, in the status %d, want %d: %+v", st.Floor, h.syncer.Status().Floor, floor, st)
	}
	for at := consensus.Height(0); at <= c.Height(); at += 37 {
		filter, err := store.Filter(at)
		if at < floor && !errors.Is(err, chain.ErrBelowFloor) || at >= floor && (err != nil || !slices.Equal(filter, c.Filter(at))) {
			h.Errorf("filter %d with the floor at %d: %v", at, floor, err)
		}
	}
}

// payEvery plans payments to a script at each so many blocks.
func payEvery(blocks, step consensus.Height, script []byte) testnet.Plan {
	plan := testnet.Plan{}
	for h := step; h <= blocks; h += step {
		plan.Pay(h, script, 1e8)
	}
	return plan
}

// wantFound checks that the payments in each so many blocks from a height on reached the wallet.
func (h *house) wantFound(wallet *bornDiary, from, to, step consensus.Height) {
	h.Helper()
	for at := step; at <= to; at += step {
		if at >= from && wallet.found[at] == nil {
			h.Errorf("the payment in block %d did not reach the wallet", at)
		}
	}
}

// TestANewWalletFetchesHeadersOnly syncs for birthdays that lie in the future, at a date and at a
// height: of the filters no more are requested than those from a day before it on.
func TestANewWalletFetchesHeadersOnly(t *testing.T) {
	script := []byte{0x51}
	c := generate(t, 2500, payEvery(2500, 100, script))
	header := c.At(1700)
	for name, tc := range map[string]struct {
		from  consensus.Height
		since time.Time
		floor consensus.Height
	}{
		"new":                {consensus.Never, c.Now().Add(time.Hour), 2501 - floorMargin},
		"height":             {2000, time.Time{}, 2000 - floorMargin},
		"date":               {consensus.Never, header.Time(), 1706 - floorMargin}, // when the median has that time
		"height before date": {1500, header.Time(), 1500 - floorMargin},
		"height above":       {9999, time.Time{}, 2501 - floorMargin},
		"genesis":            {0, time.Time{}, 0},
		"first day":          {200, time.Time{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			wallet := newBornDiary(t, c, tc.from, script)
			wallet.since = tc.since
			inHouse(t, c, wallet, func(h *house) {
				p := h.net.join(&fakePeer{chain: c, latency: latency})
				h.start()
				h.untilSyncedFrom(time.Minute, c, tc.floor)
				if n, most := h.filtersAsked(p), int(2500-tc.floor)/100+2; n > most {
					h.Errorf("%d requests for filters, want at most %d", n, most)
				}
				h.wantFound(wallet, tc.from, 2500, 100)
			})
		})
	}
}

// TestFiltersAreKeptWhenAsked holds that all filters are there with the setting, and for a wallet
// that knows no birthdays, and that a floor is not raised over filters that are there.
func TestFiltersAreKeptWhenAsked(t *testing.T) {
	c := generate(t, 800, nil)
	inHouse(t, c, newBornDiary(t, c, consensus.Never), func(h *house) {
		h.cfg.KeepFilters = true
		h.syncer, _ = New(h.cfg)
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedFrom(time.Minute, c, 0)
		h.stop()
		h.cfg.KeepFilters = false
		h.syncer, _ = New(h.cfg)
		h.start()
		h.untilSyncedFrom(time.Minute, c, 0)
	})
	inHouse(t, c, newBornDiary(t, c, consensus.Never), func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedFrom(time.Minute, c, 801-floorMargin)
		h.stop()
		h.cfg.KeepFilters = true
		h.syncer, _ = New(h.cfg)
		h.start()
		h.untilSyncedFrom(time.Minute, c, 0)
	})
	inHouse(t, c, newDiary(t, c), func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedFrom(time.Minute, c, 0)
	})
}

// TestFloorAmongEarlyFilters holds that a floor below DCP0005 has all early filters fetched, for
// their proof, and those below the floor dropped; and that one above it has none fetched.
func TestFloorAmongEarlyFilters(t *testing.T) {
	script := []byte{0x51}
	c := eras(t, 1500)
	active := c.Params().DCP0005
	for _, tc := range []struct {
		from, floor consensus.Height
		early       bool
	}{
		{active - 10 + floorMargin, active - 10, true},
		{floorMargin + 20, 20, true},
		{active + floorMargin, active, false},
		{active + floorMargin + 300, active + 300, false},
	} {
		t.Run(fmt.Sprintf("%d-of-%d", tc.floor, active), func(t *testing.T) {
			inHouse(t, c, newBornDiary(t, c, tc.from, script), func(h *house) {
				p := h.net.join(&fakePeer{chain: c, latency: latency})
				liar := h.net.join(&fakePeer{chain: c, latency: latency, spoilFilters: spoilEarly})
				h.start()
				h.untilSyncedFrom(2*time.Minute, c, tc.floor)
				if accused := len(h.net.accused[liar.id]) > 0; accused != tc.early && tc.early {
					h.Errorf("the liar about early filters is accused: %v", accused)
				}
				if most := int(1500-tc.floor)/100 + 4; !tc.early && h.filtersAsked(p)+h.filtersAsked(liar) > 2*most {
					h.Errorf("%d requests for filters, want at most %d", h.filtersAsked(p)+h.filtersAsked(liar), 2*most)
				}
				store, err := h.syncer.Chain()
				if err != nil {
					h.Fatal(err)
				}
				h.until(time.Minute, "deleted", func(Status) bool { return !leftover(h, store) })
				h.stop()
				h.start()
				h.untilSyncedFrom(time.Minute, c, tc.floor)
			})
		})
	}
}

// TestAnOlderImportFetchesOlderFilters lowers the birthday of a synced wallet, in all ways that the
// rest can go meanwhile: the filters are fetched from there on, shown as a backfill, the sync is
// complete again, and all payments are found.
func TestAnOlderImportFetchesOlderFilters(t *testing.T) {
	script := []byte{0x51}
	chains := make(map[bool]*testnet.Chain) // by whether it has early filters
	for early, config := range map[bool]testnet.Config{false: {Blocks: 2500}, true: {Params: testnet.Eras(), Blocks: 1600}} {
		config.Seed, config.Plan = 1, payEvery(2500, 100, script)
		var err error
		if chains[early], err = testnet.Generate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		eras      bool
		birth     consensus.Height
		from      consensus.Height // of the wallet, before
		meanwhile func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain
		accused   bool
	}{
		"quietly":                 {birth: 700, from: consensus.Never},
		"from genesis":            {birth: 0, from: consensus.Never},
		"above early ones":        {eras: true, birth: 1000, from: consensus.Never},
		"among early ones":        {eras: true, birth: 400, from: consensus.Never},
		"both among them":         {eras: true, birth: 100, from: 500},
		"from before genesis day": {birth: 100, from: 900},
		"restarted": {birth: 700, from: consensus.Never, meanwhile: func(h *house, _ []*fakePeer, c *testnet.Chain) *testnet.Chain {
			for range 3 {
				h.pass(120 * time.Millisecond)
				h.stop()
				h.start()
			}
			return c
		}},
		"restarted among early ones": {eras: true, birth: 400, from: consensus.Never, meanwhile: func(h *house, _ []*fakePeer, c *testnet.Chain) *testnet.Chain {
			for range 3 {
				h.pass(120 * time.Millisecond)
				h.stop()
				h.start()
			}
			return c
		}},
		"with new blocks": {birth: 700, from: consensus.Never, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			for range 3 {
				h.pass(60 * time.Millisecond)
				c = c.Extend(2)
				for _, p := range peers {
					h.net.extend(p, c)
				}
			}
			return c
		}},
		"with a reorganisation": {birth: 700, from: consensus.Never, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.pass(60 * time.Millisecond)
			c = c.Fork(2495, 9, 5)
			for _, p := range peers {
				h.net.extend(p, c)
			}
			return c
		}},
		"with a deep reorganisation": {birth: 700, from: consensus.Never, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.pass(60 * time.Millisecond)
			c = c.Fork(2100, 500, 5)
			for _, p := range peers {
				h.net.extend(p, c)
			}
			return c
		}},
		"from a liar": {birth: 700, from: consensus.Never, accused: true, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.net.change(peers[0], func(p *fakePeer) { p.spoilFilters = spoilEarly })
			return c
		}},
		"from a liar among early ones": {eras: true, birth: 400, from: consensus.Never, accused: true, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.net.change(peers[0], func(p *fakePeer) { p.spoilFilters = spoilEarly })
			return c
		}},
		"from one that is silent": {birth: 700, from: consensus.Never, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.net.change(peers[0], func(p *fakePeer) { p.silentFilters = true })
			return c
		}},
		"without peers for a while": {birth: 700, from: consensus.Never, meanwhile: func(h *house, peers []*fakePeer, c *testnet.Chain) *testnet.Chain {
			h.pass(60 * time.Millisecond)
			for _, p := range peers {
				h.net.leave(p)
			}
			h.pass(time.Minute)
			for _, p := range peers {
				*p = fakePeer{chain: c, latency: latency}
				h.net.join(p)
			}
			return c
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := chains[tc.eras]
			wallet := newBornDiary(t, c, tc.from, script)
			inHouse(t, c, wallet, func(h *house) {
				wallet.changed = make(chan struct{}, 1)
				var peers []*fakePeer
				for range 3 {
					peers = append(peers, h.net.join(&fakePeer{chain: c, latency: latency}))
				}
				h.start()
				before := max(0, min(tc.from, c.Height()+1)-floorMargin)
				h.untilSyncedFrom(time.Minute, c, before)
				wallet.lower(tc.birth)
				st := h.until(time.Minute, "backfilling", func(st Status) bool { return st.Backfill })
				if st.Synced || st.Phase != CatchingUp || st.Filters.Target >= c.Height() || st.Filters.Done() || st.Ratio == 1 {
					h.Errorf("during the backfill the status is %+v", st)
				}
				now := c
				if tc.meanwhile != nil {
					now = tc.meanwhile(h, peers, c)
				}
				h.untilSyncedFrom(3*time.Minute, now, max(0, tc.birth-floorMargin))
				h.wantFound(wallet, tc.birth, min(2000, c.Height()), 100)
				if len(h.net.accused) > 0 != tc.accused {
					h.Errorf("accused: %v", h.net.accused)
				}
				if st := h.syncer.Status(); len(st.Warnings) != 0 && !st.hasWarning("deep-reorg") {
					h.Errorf("warnings: %v", st.Warnings)
				}
			})
		})
	}
}

// TestFiltersBelowTheFloorAreFetched reads filters that the store does not keep: from a peer, proven,
// whatever the first peers that are asked send. Those that nothing proves by themselves are refused.
func TestFiltersBelowTheFloorAreFetched(t *testing.T) {
	c := eras(t, 1200)
	active := c.Params().DCP0005
	inHouse(t, c, newBornDiary(t, c, consensus.Never), func(h *house) {
		if _, err := h.syncer.Filter(h.Context(), c.ID(700).Hash); !errors.Is(err, ErrNotInitialised) {
			h.Errorf("before the store is open: %v", err)
		}
		liar := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedFrom(time.Minute, c, 1201-floorMargin)
		h.net.change(liar, func(p *fakePeer) { p.spoilFilters = spoilEarly })
		h.net.join(&fakePeer{chain: c, latency: latency, silentFilters: true})
		peer := h.net.join(&fakePeer{chain: c, latency: latency})
		for at := active; at <= c.Height(); at += 61 {
			filter, err := h.syncer.Filter(h.Context(), c.ID(at).Hash)
			if err != nil || !slices.Equal(filter, c.Filter(at)) {
				h.Errorf("filter %d is not that of the chain: %v", at, err)
			}
		}
		if len(h.net.accused[liar.id]) == 0 || len(h.net.accused) != 1 {
			h.Errorf("accused: %v, want peer %d", h.net.accused, liar.id)
		}
		if _, err := h.syncer.Filter(h.Context(), c.ID(active-1).Hash); !errors.Is(err, ErrUnprovable) {
			h.Errorf("an early filter: %v", err)
		}
		if _, err := h.syncer.Filter(h.Context(), c.ID(active).Hash); err != nil {
			h.Errorf("the first one that its header proves: %v", err)
		}
		if _, err := h.syncer.Filter(h.Context(), [32]byte{1}); !errors.Is(err, chain.ErrNotFound) {
			h.Errorf("of no block: %v", err)
		}
		h.net.leave(peer)
		ctx, cancel := context.WithTimeout(h.Context(), 30*time.Second)
		defer cancel()
		if _, err := h.syncer.Filter(ctx, c.ID(active).Hash); !errors.Is(err, context.DeadlineExceeded) {
			h.Errorf("with peers that have none: %v", err)
		}
		if st := h.syncer.Status(); st.Floor != 1201-floorMargin {
			h.Errorf("the floor is %d", st.Floor)
		}
	})
}
