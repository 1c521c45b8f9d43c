package spv

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

func TestACorruptStoreIsMovedAside(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		garbage := []byte("this is not a chain store")
		if err := os.WriteFile(h.cfg.ChainFile, garbage, 0o600); err != nil {
			h.Fatal(err)
		}
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		kept, err := os.ReadFile(h.cfg.ChainFile + ".corrupt-1")
		if err != nil || !slices.Equal(kept, garbage) {
			h.Errorf("the corrupt store was not kept: %v", err)
		}
		if w := h.syncer.Status().Warnings; len(w) != 1 || w[0].Code != "chain-store-corrupt" {
			h.Errorf("warnings: %+v", w)
		}
	})
}

func TestDamageThatIsFoundLaterIsRepaired(t *testing.T) {
	c := generate(t, 2500, nil)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.stop()
		h.spoilStore(c.Filter(1000))
		h.cfg.Wallet = newDiary(h.T, c, []byte{0x51}) // its scan reads all filters
		h.syncer, _ = New(h.cfg)
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if w := h.syncer.Status().Warnings; len(w) != 1 || w[0].Code != "chain-store-repaired" {
			h.Errorf("warnings: %+v", w)
		}
	})
}

func TestTheStoreOfAnotherNetworkIsRefused(t *testing.T) {
	c := generate(t, 10, nil)
	inHouse(t, c, nil, func(h *house) {
		h.start()
		h.until(time.Minute, "initialised", Initialised)
		h.stop()
		h.cfg.Params = consensus.TestNet3()
		other, err := New(h.cfg)
		if err != nil {
			h.Fatal(err)
		}
		if err := other.Run(h.Context()); !errors.Is(err, chain.ErrOtherNetwork) {
			h.Errorf("Run returned %v", err)
		}
		if st := other.Status(); st.Phase != Failed || !errors.Is(st.Err, chain.ErrOtherNetwork) {
			h.Errorf("status: %+v", st)
		}
	})
}
