package spv

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
)

// eras returns a chain whose first few hundred filters are proven only all
// together.
func eras(t *testing.T, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(context.Background(), testnet.Config{Params: testnet.Eras(), Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	if c.Params().DCP0005 <= 2*chunkSize {
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
			if ids := slices.Collect(maps.Keys(h.net.accused)); !slices.Equal(ids, []uint64{liar.id}) {
				h.Errorf("accused are %v, want peer %d", h.net.accused, liar.id)
			}
			if w := h.syncer.Status().Warnings; len(w) != 0 {
				h.Errorf("warnings when all is well again: %v", w)
			}
		})
	}
}
