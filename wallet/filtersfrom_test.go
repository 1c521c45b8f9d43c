package wallet

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

// The filters that a set needs begin with the earliest birthday of anything, whichever way it was
// given, and with the first block while nothing is known about that.
func TestFiltersFrom(t *testing.T) {
	w := newWorld(t, 7)
	for range 40 {
		w.random()
	}
	at := w.tip().Header.Time().Add(time.Hour)
	none := Birthday{Height: math.MaxInt32 - 1}
	cfg := SetConfig{Dir: t.TempDir(), Params: testConfig("", Birthday{}).Params}
	s := NewSet(cfg)
	want := func(h consensus.Height, since time.Time) {
		t.Helper()
		if got, date := s.FiltersFrom(); got != h || !date.Equal(since) {
			t.Errorf("filters from %d, %v; want %d, %v", got, date, h, since)
		}
	}
	want(0, time.Time{}) // imports without a birthday are as old as the chain
	s.cfg.ImportsBorn = &none
	want(none.Height, time.Time{})
	s.cfg.ImportsBorn = &Birthday{Time: at}
	want(consensus.Never, at.Add(-birthday.Margin))
	s.cfg.ImportsBorn = &Birthday{After: w.tip().BlockID}
	want(w.tip().Height+1, time.Time{})
	s.cfg.ImportsBorn = &none

	s.cfg.FiltersOnDemand = true
	want(consensus.Never, time.Time{}) // they are fetched when something is imported
	s.cfg.FiltersOnDemand = false

	x, err := s.Create("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	want(none.Height, time.Time{})
	importTest(t, x, "a", 1, AccountOptions{Birthday: &Birthday{Height: 30}})
	want(30, time.Time{})
	s.cfg.FiltersOnDemand, s.cfg.ImportsBorn = true, nil
	want(30, time.Time{})
	s.cfg.FiltersOnDemand, s.cfg.ImportsBorn = false, &none
	importTest(t, x, "b", 2, AccountOptions{Birthday: &Birthday{Time: at}})
	want(30, at.Add(-birthday.Margin))
	w.sync(x, 1000)
	first := slices.IndexFunc(w.main, func(b chain.Block) bool { return !b.Header.Time().Before(at.Add(-birthday.Margin)) })
	want(min(30, consensus.Height(first)), time.Time{})

	if err := os.WriteFile(filepath.Join(cfg.Dir, "broken.db"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.OpenAll(); err != nil {
		t.Fatal(err)
	}
	want(0, time.Time{}) // what the wallet needs that cannot be read is not known
}

// A search of old blocks begins at a block that the wallet remembers, far below the birthday perhaps. The
// filters that are needed begin with the birthday all the same.
func TestFiltersFromWhileOldBlocksAreSearched(t *testing.T) {
	w := plain(t, 400)
	s := NewSet(SetConfig{Dir: t.TempDir(), Params: testConfig("", Birthday{}).Params, FiltersOnDemand: true})
	defer func() { _ = s.Close() }()
	x, err := s.Create("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	importTest(t, x, "new", 1, AccountOptions{Birthday: &Birthday{Height: 390}})
	w.syncSet(s, 100)
	importTest(t, x, "old", 2, AccountOptions{Birthday: &Birthday{Height: 50}})
	if cursor := x.store.Now().Cursor.Height; cursor >= 49 {
		t.Fatalf("the search begins above block %d", cursor)
	}
	if h, date := s.FiltersFrom(); h != 50 || !date.IsZero() {
		t.Errorf("filters from %d, %v; want 50", h, date)
	}
}

// An unmined transaction that a wallet hears of has it search for the blocks that may hold the
// transaction, and for none below, wherever the wallet stands: so a new wallet asks for no filter
// below those that its birthday names, also after a restart. When nothing waits, nothing is asked for.
func TestFiltersFromWhenATransactionWaits(t *testing.T) {
	w := plain(t, 30)
	cfg := SetConfig{Dir: t.TempDir(), Params: testConfig("", Birthday{}).Params, ImportsBorn: &Birthday{Height: 900}, RelayFee: -1}
	s := NewSet(cfg)
	x, err := s.Create("new", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: 900}); err != nil {
		t.Fatal(err)
	}
	want := func(when string, h consensus.Height) {
		t.Helper()
		if got, date := s.FiltersFrom(); got != h || !date.IsZero() {
			t.Errorf("%s: filters from %d, %v; want %d", when, got, date, h)
		}
	}
	want("new", 900)
	relayed, published := w.pay(anyone(), 7), w.pay(anyone(), 9)
	look := func(tx *wire.MsgTx, from consensus.Height) {
		t.Helper()
		if scripts, _, err := s.Unsearched(t.Context(), tx, from); err != nil || len(scripts) == 0 {
			t.Fatalf("it does not concern the wallet: %v", err)
		}
	}
	look(relayed, 700)
	if kept, _, err := s.Heard(t.Context(), relayed, "", false); !kept || err != nil {
		t.Fatalf("kept %v, %v", kept, err)
	}
	want("relayed", 700)
	look(published, 710)
	if own, err := s.Publish(t.Context(), published); !own || err != nil {
		t.Fatalf("own %v, %v", own, err)
	}
	want("published", 700)
	s.Locator()
	if scripts, _ := s.Scripts(); len(scripts) > 0 {
		t.Errorf("the block after the genesis block is matched against %d scripts", len(scripts))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = NewSet(cfg)
	if err := s.OpenAll(); err != nil {
		t.Fatal(err)
	}
	want("opened again", 700)
	if x, err = s.Wallet("new"); err != nil {
		t.Fatal(err)
	}
	for _, tx := range []*wire.MsgTx{relayed, published} {
		if err := x.Abandon(t.Context(), tx.TxHash()); err != nil {
			t.Fatal(err)
		}
	}
	want("nothing waits", 900)
	look(relayed, 10)
	if kept, _, err := s.Heard(t.Context(), relayed, "", false); !kept || err != nil {
		t.Fatalf("kept %v, %v", kept, err)
	}
	want("heard of again", 10)
	w.syncSet(s, 7)
	want("at the tip", consensus.Height(len(w.main)))
	w.cut(25) // it may be in any block of the other branch
	for range 2 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), relayed}, true)
	for len(w.main) < 33 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	}
	w.syncSet(s, 7)
	if list := unminedOf(t, x); len(list) != 0 {
		t.Errorf("listed as unmined: %v", list)
	}
	want("mined", 900)
}
