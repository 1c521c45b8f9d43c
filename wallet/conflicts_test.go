package wallet

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// conflicting returns what a transaction of the wallet is in conflict with.
func conflicting(t *testing.T, x *Wallet, hash chainhash.Hash) []chainhash.Hash {
	t.Helper()
	tx, err := x.Transaction(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	return tx.Conflicts
}

// TestConflictsAreTold checks that a transaction names what gave way to it, when
// it is published instead of it or mined instead of it, and that asking for what
// gave way names what took its place.
func TestConflictsAreTold(t *testing.T) {
	w, x, ops := funded(t, 1)
	relayed := signed(t, spend(ops, wire.NewTxOut(900, w.stranger())))
	published := signed(t, spend(ops, wire.NewTxOut(800, w.stranger())))
	mined := signed(t, spend(ops, wire.NewTxOut(700, w.stranger())))
	first := add(t, x, relayed, Relayed)
	if got := conflicting(t, x, first); len(got) != 0 {
		t.Fatalf("conflicts of the only one: %v", got)
	}
	second := add(t, x, published, Published)
	if got := conflicting(t, x, second); !slices.Equal(got, []chainhash.Hash{first}) {
		t.Errorf("conflicts of the published one: %v", got)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), mined}, true)
	w.sync(x, 1)
	if got := conflicting(t, x, mined.TxHash()); !slices.Equal(got, []chainhash.Hash{second}) {
		t.Errorf("conflicts of the mined one: %v", got)
	}
	_, err := x.Transaction(t.Context(), second)
	if !errors.Is(err, ErrNoTransaction) || !strings.Contains(err.Error(), mined.TxHash().String()) {
		t.Errorf("asked for what gave way: %v", err)
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPublishedReturns checks which transactions are offered to peers: published
// ones, and after a reorganisation those that spend from the wallet, but no
// payments from others.
func TestPublishedReturns(t *testing.T) {
	w, x, ops := funded(t, 2)
	out := signed(t, spend(ops[:1], wire.NewTxOut(900, w.stranger())))
	in := w.pay(derived(t, 1, hd.External, 1)[0], 50)
	ours := signed(t, spend(ops[1:], wire.NewTxOut(900, w.stranger())))
	own := add(t, x, ours, Published)
	add(t, x, w.pay(derived(t, 1, hd.External, 1)[0], 60), Relayed)
	published := func() (list []chainhash.Hash) {
		txs, err := x.published(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range txs {
			list = append(list, tx.TxHash())
		}
		return list
	}
	if got := published(); !slices.Equal(got, []chainhash.Hash{own}) {
		t.Fatalf("published %v", got)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), out, in, ours}, true)
	parent := w.pay(derived(t, 1, hd.External, 1)[0], 500)
	child := signed(t, spend([]wire.OutPoint{{Hash: parent.TxHash()}}, wire.NewTxOut(400, w.stranger())))
	add(t, x, parent, Relayed)
	add(t, x, child, Published)
	if got := published(); len(got) != 2 || slices.Contains(got, parent.TxHash()) || !slices.Contains(got, child.TxHash()) {
		t.Errorf("a payment that is spent, whose witness may be forged: published %v", got)
	}
	if err := x.Abandon(t.Context(), parent.TxHash()); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 1)
	if h, ok, err := x.minedAt(t.Context(), own); !ok || err != nil || h != w.tip().Height {
		t.Errorf("mined at %d, %v, %v", h, ok, err)
	}
	if got := published(); len(got) != 0 {
		t.Errorf("mined, and still published: %v", got)
	}
	if _, err := x.publish(t.Context(), ours, 0); !errors.Is(err, ErrMined) {
		t.Errorf("published what is mined: %v", err)
	}
	w.cut(1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 1)
	got := published()
	if len(got) != 2 || !slices.Contains(got, own) || !slices.Contains(got, out.TxHash()) {
		t.Errorf("after the reorganisation: %v", got)
	}
	if _, ok, err := x.minedAt(t.Context(), own); ok || err != nil {
		t.Errorf("mined in a block that left the chain: %v", err)
	}
}

// TestHeardIsForgiving checks that what peers relay is taken if it concerns the
// wallet, and ignored whatever else it is.
func TestHeardIsForgiving(t *testing.T) {
	w, x, ops := funded(t, 1)
	pay := derived(t, 1, hd.External, 1)[0]
	for _, tx := range []*wire.MsgTx{
		w.pay(w.stranger(), 10),
		spend(ops, wire.NewTxOut(900, w.stranger())), // not signed
		spend(nil, wire.NewTxOut(1, pay)),
	} {
		if _, _, err := x.heard(t.Context(), tx, "", false, 0); err != nil {
			t.Error(err)
		}
	}
	if pool, _ := x.Unmined(t.Context()); len(pool) != 0 {
		t.Fatalf("took %+v", pool)
	}
	good := signed(t, spend(ops, wire.NewTxOut(900, w.stranger()), wire.NewTxOut(50, w.stranger())))
	child := w.payment(coin{op: wire.OutPoint{Hash: good.TxHash()}, amount: 900})
	child.TxOut[0].PkScript = pay
	for _, tx := range []*wire.MsgTx{good, child, good} {
		if _, _, err := x.heard(t.Context(), tx, "", false, 0); err != nil {
			t.Error(err)
		}
	}
	if pool, _ := x.Unmined(t.Context()); len(pool) != 2 || pool[0].Origin != Relayed {
		t.Errorf("pool %+v", pool)
	}
}

// TestTreasurySpendsAreNoRivals: treasury spends all name the same outpoint, which is
// none. One that is mined leaves the others waiting, until they expire.
func TestTreasurySpendsAreNoRivals(t *testing.T) {
	w, x, _ := funded(t, 1)
	pay := derived(t, 1, hd.External, 2)[1]
	first, second := w.treasurySpend(pay, 100), w.treasurySpend(pay, 200)
	second.Expiry = uint32(w.tip().Height) + 3
	one, other := add(t, x, first, Relayed), add(t, x, second, Relayed)
	if got := conflicting(t, x, one); len(got) != 0 {
		t.Errorf("a treasury spend is in conflict with %v", got)
	}
	w.mine([]*wire.MsgTx{first}, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 1)
	if got := unminedHashes(t, x); !slices.Equal(got, []chainhash.Hash{other}) {
		t.Errorf("%v wait for a block, want %v", got, other)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 1)
	if got := unminedHashes(t, x); len(got) != 0 {
		t.Errorf("%v wait for a block that they have expired in", got)
	}
	checkBalances(t, w, x)
}
