package feed

import (
	"encoding/hex"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// storedStatus is a shownStatus with a chain.
type storedStatus struct {
	shownStatus
	store *chain.Chain
}

func (s *storedStatus) Chain() (*chain.Reader, error) { return s.store.Reader, nil }

// TestAWalletIsReadOnlyWhenItHasChanged counts how often a feed reads its wallet: not when
// only the status has changed.
func TestAWalletIsReadOnlyWhenItHasChanged(t *testing.T) {
	params := consensus.SimNet()
	store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: params})
	if err != nil {
		t.Fatal(err)
	}
	set := wallet.NewSet(wallet.SetConfig{Dir: t.TempDir(), Params: params, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w, err := set.Create("w", nil)
	if err != nil {
		t.Fatal(err)
	}
	source := &storedStatus{store: store}
	hub := NewHub(source, set, nil)
	f, _ := NewWallet(hub, api.TopicTransactions, "w", "", 1)

	key, err := hex.DecodeString("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")
	if err != nil {
		t.Fatal(err)
	}
	reads := func() int {
		source.show(func(st *spv.Status) { st.Peers++ })
		u := hub.newest()
		if err := f.tell(t.Context(), u, nil); err != nil {
			t.Fatal(err)
		}
		return len(u.read.lists.made)
	}
	if n := reads(); n != 1 {
		t.Fatalf("%d lists were read at first: %+v", n, w.Status())
	}
	for range 3 {
		if n := reads(); n != 0 {
			t.Errorf("%d lists of a wallet that has not changed were read", n)
		}
	}
	hub.renew(1) // as when votes were verified
	if n := reads(); n != 1 {
		t.Errorf("%d lists were read after votes were verified", n)
	}
	before := w.Status().Changes
	if _, err := w.ImportPubKey(t.Context(), key, nil); err != nil {
		t.Fatal(err)
	}
	if w.Status().Changes == before {
		t.Fatal("an import changes nothing")
	}
	if n := reads(); n != 1 {
		t.Errorf("%d lists of a wallet that has changed were read", n)
	}
}
