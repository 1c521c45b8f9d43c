package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// mempool is a wallet or a set of them, as the relay of transactions sees it.
type mempool interface {
	Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) ([][]byte, consensus.BlockID, error)
	Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error)
}

// holds reports whether the chain holds a transaction, at a height or anywhere for
// zero. What the next block disapproved of does not count.
func (w *world) holds(hash chainhash.Hash, at consensus.Height) bool {
	for h := 1; h < len(w.main); h++ {
		if at != 0 && int(at) != h {
			continue
		}
		msg := w.main[h].Msg
		void := h+1 < len(w.main) && w.main[h+1].Header.VoteBits()&1 == 0
		is := func(tx *wire.MsgTx) bool { return tx.TxHash() == hash }
		if slices.ContainsFunc(msg.STransactions, is) || !void && slices.ContainsFunc(msg.Transactions, is) {
			return true
		}
	}
	return false
}

// hear tells wallets of a transaction as the syncer does: not if it is in a block that
// they say was not searched, and whose filter matches. Wallets search the newest of these blocks, and
// those that come, and the rest is searched for them.
func (w *world) hear(x mempool, tx *wire.MsgTx) {
	w.t.Helper()
	const newest = 5 // deeper than blocks are taken back while a wallet lags behind
	looked := consensus.Height(max(1, len(w.main)-newest))
	scripts, last, err := x.Unsearched(w.t.Context(), tx, looked)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(scripts) == 0 {
		return
	}
	onMain := int(last.Height) < len(w.main) && w.main[last.Height].BlockID == last
	for h := consensus.Height(1); int(h) < len(w.main); h++ {
		if onMain && looked <= h && h <= last.Height {
			continue
		}
		b := &w.main[h]
		f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, w.filters[b.Hash])
		if err != nil {
			w.t.Fatal(err)
		}
		if f.MatchAny(b.Header.FilterKey(), scripts) && w.holds(tx.TxHash(), h) {
			return
		}
	}
	if alone, ok := x.(*Wallet); ok {
		_, _, err = alone.heard(w.t.Context(), tx, "", false, looked)
	} else {
		_, _, err = x.Heard(w.t.Context(), tx, "", false)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// unminedOf returns the unmined transactions of a wallet.
func unminedOf(t *testing.T, x *Wallet) map[chainhash.Hash]bool {
	t.Helper()
	pool, err := x.Unmined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[chainhash.Hash]bool)
	for _, u := range pool {
		list[u.Hash] = true
	}
	return list
}

// TestWhatIsMinedIsNeverUnmined: whatever the birthdays, and whenever a transaction is
// heard that is in a block, before its scripts come to be watched or after, while a
// search runs, after a reorganisation: it is not listed as unmined. One that
// was listed when it was mined goes off the list with its block.
func TestWhatIsMinedIsNeverUnmined(t *testing.T) {
	told := 0
	for seed := range seeds(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			x := openTest(t, Birthday{})
			w.ours = append(derived(t, 1, hd.External, 4), derived(t, 2, hd.External, 4)...)
			w.ours = append(w.ours, anyone(), anyone(), anyone())
			birthday := func() *Birthday { return &Birthday{Height: consensus.Height(w.rng.IntN(len(w.main) + 4))} }
			for range 8 {
				w.random()
			}
			for range 120 {
				switch w.rng.IntN(9) {
				case 0:
					seed := byte(1 + w.rng.IntN(2))
					_, _ = x.ImportXpub(t.Context(), fmt.Sprint(seed), testXpub(t, seed), AccountOptions{Birthday: birthday()})
				case 1:
					_ = x.ImportScript(t.Context(), anyone(), birthday())
				case 2:
					w.random()
				case 3:
					w.mineSome(t, x)
				case 4:
					w.reorganise(1 + w.rng.IntN(3))
				case 5:
					w.step(x, 1+w.rng.IntN(4))
				case 6:
					if tx := w.propose(t, x); tx != nil {
						w.hear(x, tx)
					}
				case 7:
					if x.Status().Tip.Height > 3 && w.rng.IntN(3) == 0 {
						if err := x.Rescan(t.Context(), consensus.Height(w.rng.IntN(4))); err != nil {
							t.Fatal(err)
						}
					}
				default:
					told += w.hearAgain(x)
				}
				if w.rng.IntN(4) == 0 {
					w.sync(x, 3)
					w.mustListNothingMined(x)
				}
			}
		})
	}
	if told == 0 {
		t.Error("no mined transaction concerned a wallet that did not know it")
	}
}

// hearAgain lets a wallet hear everything that there ever was, in any order, and
// wants nothing of it listed that is mined. It returns how much it had not known.
func (w *world) hearAgain(x *Wallet) (news int) {
	t := w.t.(*testing.T)
	t.Helper()
	before := unminedOf(t, x)
	hashes := slices.SortedFunc(maps.Keys(w.txs), func(a, b chainhash.Hash) int { return bytes.Compare(a[:], b[:]) })
	w.rng.Shuffle(len(hashes), func(i, j int) { hashes[i], hashes[j] = hashes[j], hashes[i] })
	for _, hash := range hashes {
		tx := w.txs[hash]
		scripts, _, err := x.unsearched(t.Context(), tx, 1)
		if err != nil {
			t.Fatal(err)
		}
		mined := w.holds(hash, 0)
		if mined && len(scripts) > 0 {
			news++
		}
		w.hear(x, tx)
		if mined && !before[hash] && unminedOf(t, x)[hash] {
			t.Fatalf("%v is mined, and listed as unmined when it is heard", hash)
		}
	}
	return news
}

// mustListNothingMined holds a wallet that is at the tip against the chain.
func (w *world) mustListNothingMined(x *Wallet) {
	w.t.Helper()
	for hash := range unminedOf(w.t.(*testing.T), x) {
		if w.holds(hash, 0) {
			w.t.Fatalf("%v is mined, and listed as unmined with everything searched", hash)
		}
	}
}

// TestPaymentBelowABirthday: it is not listed once it is mined, whether it was heard
// before or after, also if no script is born yet, and it does not count.
func TestPaymentBelowABirthday(t *testing.T) {
	w := plain(t, 10)
	x := openTest(t, Birthday{})
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: 13}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 5)
	before, after := w.pay(anyone(), 7), w.pay(anyone(), 9)
	w.hear(x, before)
	if !unminedOf(t, x)[before.TxHash()] {
		t.Fatal("an unmined payment is not listed")
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), before, after}, true)
	w.sync(x, 5)
	w.hear(x, after)
	w.hear(x, before)
	if list := unminedOf(t, x); len(list) != 0 {
		t.Fatalf("listed as unmined: %v", list)
	}
	if b, err := x.Balances(t.Context(), 0); err != nil || b.Sum.Total != 0 {
		t.Fatalf("%+v, %v", b.Sum, err)
	}
	// The block leaves the chain, and they are unmined.
	w.cut(1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 5)
	w.hear(x, after)
	if list := unminedOf(t, x); !list[after.TxHash()] || len(list) != 1 {
		t.Fatalf("after the reorganisation: %v", list)
	}
}

// TestPublishedBelowABirthday: a transaction that was published here, and pays only what is
// born later, stays in the books when it is mined below that birthday, through restarts,
// rescans and reorganisations. It adds nothing to the balance.
func TestPublishedBelowABirthday(t *testing.T) {
	w := plain(t, 10)
	x := openTest(t, Birthday{})
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: 13}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 5)
	tx := w.pay(anyone(), 7)
	if own, err := x.publish(t.Context(), tx, 0); err != nil || !own {
		t.Fatalf("published: %v, %v", own, err)
	}
	kept := func(when string, h consensus.Height) {
		t.Helper()
		w.sync(x, 5)
		at, mined, err := x.minedAt(t.Context(), tx.TxHash())
		if err != nil || mined != (h != 0) || at != h || unminedOf(t, x)[tx.TxHash()] == mined {
			t.Errorf("%s: mined at %d, %v (%v), want %d", when, at, mined, err, h)
		}
		list, err := x.History(t.Context(), HistoryFilter{})
		if err != nil || len(list) != 1 || list[0].Hash != tx.TxHash() {
			t.Errorf("%s: the history is %v (%v)", when, list, err)
		}
		b, err := x.Balances(t.Context(), 1)
		if err := errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Spendable != 0 {
			t.Errorf("%s: %v is spendable (%v)", when, b.Sum.Spendable, err)
		}
	}
	kept("published", 0)
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	block(tx)
	kept("mined", 11)
	x = reopen(t, x)
	kept("opened again", 11)
	w.cut(1)
	block()
	kept("its block has left the chain", 0)
	block(tx)
	kept("mined again", 12)
	block()
	kept("a block later", 12)
	for steps := range 3 {
		id, err := x.StartRescan(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for range steps {
			w.step(x, 6)
		}
		x = reopen(t, x)
		if err := x.CancelJob(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		kept(fmt.Sprintf("a rescan is canceled after %d steps", steps), 12)
	}
}

// TestPublishedDuringACanceledRescan: what was published and mined below a birthday that a
// rescan had lowered stays in the books when the rescan is given up. What was only relayed,
// or found by the rescan, does not, and none of it counts.
func TestPublishedDuringACanceledRescan(t *testing.T) {
	w := plain(t, 1)
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	block(w.pay(anyone(), 3))
	for range 40 {
		block()
	}
	cfg := testConfig("", Birthday{})
	set := NewSet(SetConfig{Dir: t.TempDir(), Params: cfg.Params, Log: cfg.Log, Now: cfg.Now, RelayFee: cfg.RelayFee})
	defer set.Close()
	x, err := set.Create("w", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: 100}); err != nil {
		t.Fatal(err)
	}
	for w.step(set, 5) {
	}
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	published, relayed := w.pay(anyone(), 7), w.pay(anyone(), 5)
	add(t, x, published, Published)
	add(t, x, relayed, Relayed)
	block(published, relayed)
	for len(minedTold(t, x)) < 3 { // at the cursor and at the tip, in turns
		if !w.step(set, 4) {
			t.Fatalf("the rescan is over with %d transactions", len(minedTold(t, x)))
		}
	}
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for w.step(set, 5) {
	}
	list, err := x.History(t.Context(), HistoryFilter{})
	if err != nil || len(list) != 1 || list[0].Hash != published.TxHash() || !list[0].Mined() {
		t.Errorf("the history is %v (%v)", list, err)
	}
	b, err := x.Balances(t.Context(), 1)
	if err := errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Total != 0 {
		t.Errorf("the balance is %v (%v)", b.Sum, err)
	}
}

// TestVerdictTakenBack: a payment below a birthday is unmined while its block is
// disapproved of, and not when a reorganisation takes that back.
func TestVerdictTakenBack(t *testing.T) {
	w := plain(t, 10)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	tx := w.pay(anyone(), 7)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, false)
	w.sync(x, 5)
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: w.tip().Height + 1}); err != nil {
		t.Fatal(err)
	}
	w.hear(x, tx)
	if !unminedOf(t, x)[tx.TxHash()] {
		t.Fatal("a void payment is not listed as unmined")
	}
	w.cut(1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 5)
	if list := unminedOf(t, x); len(list) != 0 {
		t.Fatalf("listed as unmined: %v", list)
	}
}

// TestMinedSpendsNothingUnmined: a peer relays once more a payment of a block below the
// birthday of what it pays, and the wallet lists it as unmined. It changes nothing about the
// mined transaction that spends it.
func TestMinedSpendsNothingUnmined(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	own := derived(t, 1, hd.External, 1)[0]
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	paid := w.pay(anyone(), 500)
	block(paid)
	spender := spend([]wire.OutPoint{{Hash: paid.TxHash()}}, wire.NewTxOut(400, own))
	block(spender)
	importTest(t, x, "a", 1, AccountOptions{})
	importScript(t, x, anyone(), 2)
	w.sync(x, 10)
	if ours, err := x.addTx(t.Context(), paid, Relayed, 0); !ours || err != nil {
		t.Fatalf("kept: %v, %v", ours, err)
	}
	if got, err := x.Transaction(t.Context(), spender.TxHash()); err != nil || got.Net() != 400 || len(got.Debits) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}
