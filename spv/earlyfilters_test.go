package spv

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
	"github.com/spvd/spvd/spv/p2p"
)

// eras returns a chain whose first few hundred filters are proven only all
// together.
func eras(t *testing.T, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(context.Background(), testnet.Config{Params: testnet.Eras(), Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	if c.Params().DCP0005 <= 2*filtersync.ChunkSize {
		t.Fatalf("filters are committed to from %d on: too early for this test", c.Params().DCP0005)
	}
	return c
}

// spoilEarly changes a byte of the first filter of a reply that has any bytes.
// Only early filters can be changed unnoticed.
func spoilEarly(b []byte) { b[1+32+1+3] ^= 1 }

func TestEarlyFiltersAreProvenAllTogether(t *testing.T) {
	c := eras(t, 700)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if len(h.net.accused) != 0 || len(h.syncer.Status().Warnings) != 0 {
			h.Errorf("accused %v, warnings %v", h.net.accused, h.syncer.Status().Warnings)
		}
	})
}

func TestALiarAboutEarlyFiltersIsFoundOut(t *testing.T) {
	c := eras(t, 700)
	for _, place := range []int{1, 2, 3} {
		inHouse(t, c, nil, func(h *house) {
			var liar *fakePeer
			for i := range 3 {
				p := &fakePeer{chain: c, latency: latency}
				if i+1 == place {
					liar, p.spoilFilters = p, spoilEarly
				}
				h.net.join(p)
			}
			h.start()
			h.untilSyncedTo(time.Minute, c)
			if ids := slices.Collect(maps.Keys(h.net.accused)); !slices.Equal(ids, []p2p.PeerID{liar.id}) {
				h.Errorf("accused are %v, want peer %d", h.net.accused, liar.id)
			}
			if w := h.syncer.Status().Warnings; len(w) != 0 {
				h.Errorf("warnings when all is well again: %v", w)
			}
		})
	}
}

// TestAnEarlyHashThatFitsNoSet holds that with a known hash that is wrong no honest peer is
// accused, however many there are; that the daemon goes on with what peers agree on, says
// so, also after a restart; and that little is downloaded again.
func TestAnEarlyHashThatFitsNoSet(t *testing.T) {
	c := eras(t, 700)
	for _, peers := range []int{2, 8} {
		inHouse(t, c, nil, func(h *house) {
			params := *c.Params()
			params.EarlyFilters[0] ^= 1 // it is what is known that is wrong
			h.cfg.Params = &params
			h.syncer, _ = New(h.cfg)
			var all []*fakePeer
			for i := range peers {
				all = append(all, h.net.join(&fakePeer{chain: c, latency: latency, group: fmt.Sprint("group ", i)}))
			}
			h.start()
			h.untilSyncedTo(time.Minute, c)
			if len(h.net.accused) != 0 {
				h.Errorf("accused: %v", h.net.accused)
			}
			if st := h.syncer.Status(); !st.hasWarning(codeEarlyUnproven) || st.hasWarning(codeEarlyWrong) {
				h.Errorf("warnings: %+v", st.Warnings)
			}
			asked := 0
			for _, p := range all {
				kinds, _ := h.net.told(p)
				asked += len(slices.DeleteFunc(kinds, func(kind string) bool { return kind != "filters" }))
			}
			if most := 7 + (filtersync.Opinions+1)*4 + 8; asked > most {
				h.Errorf("%d requests for filters, at most %d are needed", asked, most)
			}
			h.restart(func(*consensus.Params) {})
			h.untilSyncedTo(time.Minute, c)
			if st := h.syncer.Status(); !st.hasWarning(codeEarlyUnproven) {
				h.Errorf("warnings after a restart: %+v", st.Warnings)
			}
			h.restart(func(p *consensus.Params) { p.EarlyFilters[0] ^= 1 }) // as a newer version would
			h.untilSyncedTo(time.Minute, c)
			if st := h.syncer.Status(); len(st.Warnings) != 0 {
				h.Errorf("warnings with the right hash: %+v", st.Warnings)
			}
		})
	}
}

// TestEarlyFiltersOfOnePeerOnly holds that a set that does not fit is not used while only
// one network has served it, that the status says what is missing, and that a peer in
// another one helps.
func TestEarlyFiltersOfOnePeerOnly(t *testing.T) {
	c := eras(t, 700)
	inHouse(t, c, nil, func(h *house) {
		params := *c.Params()
		params.EarlyFilters[0] ^= 1
		h.cfg.Params = &params
		h.syncer, _ = New(h.cfg)
		for range 3 {
			h.net.join(&fakePeer{chain: c, latency: latency, group: "one"})
		}
		h.start()
		h.pass(time.Hour)
		st := h.syncer.Status()
		if st.Synced || !st.hasWarning(codeEarlyWrong) || !strings.Contains(st.Reason, "peers compared: 1; waiting for others") {
			h.Errorf("with peers of one network: %+v", st)
		}
		h.net.join(&fakePeer{chain: c, latency: latency, group: "two"})
		h.untilSyncedTo(5*time.Minute, c)
		if len(h.net.accused) != 0 {
			h.Errorf("accused: %v", h.net.accused)
		}
	})
}

// TestAgreementOfLiarsIsNotProof holds that one honest peer among those asked is enough for
// the right filters, and then those that served others are accused.
func TestAgreementOfLiarsIsNotProof(t *testing.T) {
	c := eras(t, 700)
	inHouse(t, c, nil, func(h *house) {
		var liars []p2p.PeerID
		for i := range 3 {
			p := &fakePeer{chain: c, latency: latency, group: fmt.Sprint(i)}
			if i < 2 {
				p.spoilFilters = spoilEarly
			}
			h.net.join(p)
			if i < 2 {
				liars = append(liars, p.id)
			}
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if ids := slices.Sorted(maps.Keys(h.net.accused)); !slices.Equal(ids, liars) {
			h.Errorf("accused are %v, want %v", ids, liars)
		}
		if st := h.syncer.Status(); len(st.Warnings) != 0 {
			h.Errorf("warnings: %+v", st.Warnings)
		}
	})
}
