package spv

import (
	"context"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/rescan"
)

// farDiary is a diary that counts its updates by the phase and by whether more blocks
// follow.
type farDiary struct {
	*diary
	phase   func() Phase
	updates map[Phase]map[bool]int
}

func (d *farDiary) Apply(ctx context.Context, u chain.Update) (bool, error) {
	phase := d.phase()
	if d.updates[phase] == nil {
		d.updates[phase] = make(map[bool]int)
	}
	d.updates[phase][u.More]++
	return d.diary.Apply(ctx, u)
}

// TestTheWalletIsScannedForWhileTheChainComes holds that a scan begins while headers and
// filters come, and that the newest blocks are not applied before all peers have shown
// what they have.
func TestTheWalletIsScannedForWhileTheChainComes(t *testing.T) {
	script := []byte{0x51, 0x51}
	plan, last := testnet.Plan{}, consensus.Height(10_000)
	for h := consensus.Height(100); h <= last; h += 700 {
		plan.Pay(h, script, 1e8)
	}
	c := generate(t, int(last), plan)
	wallet := &farDiary{diary: newDiary(t, c, script), updates: make(map[Phase]map[bool]int)}
	inHouse(t, c, wallet, func(h *house) {
		for range 3 {
			h.net.join(&fakePeer{chain: c, latency: time.Second})
		}
		wallet.phase = func() Phase { return h.syncer.Status().Phase }
		h.start()
		reached := consensus.Height(0)
		h.until(5*time.Minute, "rescanning", func(st Status) bool {
			if st.Phase != CatchingUp {
				return st.Phase > CatchingUp
			}
			reached = max(reached, st.Rescan.Current)
			if most := st.Filters.Current - rescan.NewestBlocks; st.Rescan.Current > max(0, most) {
				h.Errorf("at block %d with filters up to %d", st.Rescan.Current, st.Filters.Current)
			}
			return false
		})
		if reached == 0 {
			h.Error("while the chain came the wallet was not taken along")
		}
		h.untilSyncedTo(time.Minute, c)
		beside, after := wallet.updates[CatchingUp], wallet.updates[Rescanning]
		if beside[true] == 0 || beside[false] > 0 || after[false] != 1 {
			h.Errorf("updates by the phase and by whether more blocks follow: %v", wallet.updates)
		}
		if want := int(last-100)/700 + 1; len(wallet.found) < want {
			h.Errorf("%d blocks pay the wallet, it was given %d", want, len(wallet.found))
		}
		h.expectNoSecondBlock()
	})
}

// expectNoSecondBlock holds that no block was fetched twice.
func (h *house) expectNoSecondBlock() {
	h.Helper()
	asked := 0
	for _, p := range h.net.peers {
		kinds, _ := h.net.told(p)
		for _, kind := range kinds {
			if kind == "block" {
				asked++
			}
		}
	}
	if found := len(h.cfg.Wallet.(*farDiary).found); asked != found {
		h.Errorf("%d blocks were asked for, %d were needed", asked, found)
	}
}

// TestUnprovenFiltersAreNotScanned holds that filters below DCP0005, which may be
// replaced, are not matched before they are proven.
func TestUnprovenFiltersAreNotScanned(t *testing.T) {
	params := *testnet.Eras()
	params.DCP0005 = 4000
	c, err := testnet.Generate(context.Background(), testnet.Config{Params: &params, Seed: 1, Blocks: 4300})
	if err != nil {
		t.Fatal(err)
	}
	wallet := newDiary(t, c, []byte{0x51, 0x51})
	inHouse(t, c, wallet, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: time.Second, spoilFilters: spoilEarly})
		for range 2 {
			h.net.join(&fakePeer{chain: c, latency: time.Second})
		}
		h.start()
		h.until(10*time.Minute, "synced", func(st Status) bool {
			if st.Filters.Current < params.DCP0005 && st.Rescan.Current > 0 {
				h.Errorf("at block %d with filters up to %d", st.Rescan.Current, st.Filters.Current)
			}
			return st.Synced
		})
		h.untilSyncedTo(time.Minute, c)
	})
}
