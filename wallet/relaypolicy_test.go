package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// openAt opens a wallet whose clock the test sets.
func openAt(t *testing.T, now *time.Time, log *bytes.Buffer) (*world, *Wallet, []byte) {
	t.Helper()
	c := testConfig(filepath.Join(t.TempDir(), "test.db"), Birthday{})
	c.Now, c.RelayFee = func() time.Time { return *now }, 0
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	x, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	t.Cleanup(func() {
		if err := errors.Join(x.Check(t.Context()), x.Close()); err != nil && !errors.Is(err, ErrClosed) && !t.Failed() {
			t.Log(err)
		}
	})
	importTest(t, x, "a", 1, AccountOptions{})
	return newWorld(t, 1), x, derived(t, 1, hd.External, 1)[0]
}

// fake returns a transaction that spends what does not exist, and says that it pays
// enough for so many outputs of an amount to a script.
func (w *world) fake(pay []byte, amount int64, outputs int) *wire.MsgTx {
	tx := w.pay(pay, amount)
	for range outputs - 1 {
		tx.AddTxOut(wire.NewTxOut(amount, pay))
	}
	tx.TxIn[0].SignatureScript = make([]byte, 107)
	tx.TxIn[0].ValueIn = amount*int64(outputs) + int64(tx.SerializeSize())*txn.DefaultRelayFee/1000
	return tx
}

// hear has a wallet hear a transaction, and returns whether it keeps it.
func hear(t *testing.T, x *Wallet, tx *wire.MsgTx, source string, agreed bool) bool {
	t.Helper()
	kept, refused, err := x.heard(t.Context(), tx, source, agreed, 0)
	if err != nil || refused {
		t.Fatalf("refused: %v, %v", refused, err)
	}
	return kept
}

func (x *Wallet) holds(tx *wire.MsgTx) bool { return x.store.Now().Pool.ByHash[tx.TxHash()] != nil }

// What the ledger allows relayed transactions: how many a pool holds, the share of those that
// peers of two networks agree upon, and for how long.
const (
	poolHolds         = 1000
	agreedPart, parts = 3, 4
	loneKept          = 6 * time.Hour
	agreedKept        = 48 * time.Hour
)

// TestFloodHidesNoPayment: fake payments from one network make room for what comes
// from another one, also after a restart, and the log says that the pool is full.
func TestFloodHidesNoPayment(t *testing.T) {
	now, log := time.Unix(1_700_000_000, 0), new(bytes.Buffer)
	w, x, pay := openAt(t, &now, log)
	real := w.fake(pay, 5e8, 1)
	hear(t, x, real, "honest", false)
	for range poolHolds + 50 {
		hear(t, x, w.fake(pay, 1, 1), "attacker", false)
	}
	second := w.fake(pay, 7e8, 1)
	hear(t, x, second, "honest", false)
	if !x.holds(real) || !x.holds(second) {
		t.Errorf("the payments are hidden: %v, %v", x.holds(real), x.holds(second))
	}
	if n := len(x.store.Now().Pool.ByHash); n > poolHolds/2 {
		t.Errorf("%d transactions that nobody else has sent", n)
	}
	if !strings.Contains(log.String(), "WARN") || strings.Count(log.String(), "WARN") > 1 {
		t.Errorf("log: %s", log)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(x.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	third := w.fake(pay, 9e8, 1)
	hear(t, again, third, "honest", false)
	if !again.holds(second) || !again.holds(third) {
		t.Error("after a restart the payments are hidden")
	}
}

// TestAgreedPaymentsStay: what peers of two networks agree upon gives way to nothing
// that only one has sent, and does not fill the whole pool.
func TestAgreedPaymentsStay(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	var agreed []*wire.MsgTx
	for range poolHolds * agreedPart / parts {
		tx := w.fake(pay, 1, 1)
		agreed = append(agreed, tx)
		hear(t, x, tx, "attacker", true)
	}
	for range poolHolds {
		hear(t, x, w.fake(pay, 1, 1), "other", false)
	}
	for i, tx := range agreed {
		if !x.holds(tx) {
			t.Fatalf("agreed transaction %d of %d has made room", i, len(agreed))
		}
	}
	if n := len(x.store.Now().Pool.ByHash); n != poolHolds {
		t.Errorf("%d transactions, want %d", n, poolHolds)
	}
	real := w.fake(pay, 1, 1)
	hear(t, x, real, "honest", false)
	hear(t, x, real, "elsewhere", true)
	if !x.holds(real) || x.store.Now().Pool.ByHash[real.TxHash()].Agreed != true {
		t.Error("one more that is agreed upon found no room")
	}
}

// TestPoolIsBoundedInBytes: transactions of many outputs are bounded by the memory that
// they take, for one wallet and for all wallets of a set.
func TestPoolIsBoundedInBytes(t *testing.T) {
	s := openSet(t)
	pay := derived(t, 1, hd.External, 1)[0]
	w, wallets := newWorld(t, 1), []*Wallet{}
	for i := range 10 {
		x := makeTest(t, s, fmt.Sprint("w", i))
		x.store.DB.NoSync = true
		importTest(t, x, "a", 1, AccountOptions{})
		wallets = append(wallets, x)
	}
	for n := range 60 {
		tx := w.fake(pay, 1, 2500)
		if _, _, err := s.Heard(t.Context(), tx, fmt.Sprint("peer", n%8), n%3 == 0); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for _, x := range wallets {
		held := x.store.Now().Pool.Held
		if held > maxRelayedHeld {
			t.Errorf("a wallet holds %d bytes", held)
		}
		total += held
	}
	if limit := maxSharedHeld + len(wallets)*leastRelayedHeld; total > limit || total < maxSharedHeld/4 {
		t.Errorf("all wallets hold %d bytes, at most %d", total, limit)
	}
	if int64(total) != s.shared.used.Load() {
		t.Errorf("%d bytes are counted, %d held", s.shared.used.Load(), total)
	}
	for i := range 10 {
		if err := s.CloseWallet(fmt.Sprint("w", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.shared.used.Load(); n != 0 {
		t.Errorf("%d bytes are counted of closed wallets", n)
	}
}

// TestRelayedAgeOut: what no block holds is forgotten after hours, but not what the
// user's own transactions spend.
func TestRelayedAgeOut(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	lone, agreed, parent := w.fake(pay, 1e8, 1), w.fake(pay, 2e8, 1), w.fake(pay, 3e8, 1)
	hear(t, x, lone, "a", false)
	hear(t, x, agreed, "a", true)
	hear(t, x, parent, "a", false)
	child := signed(t, spend([]wire.OutPoint{{Hash: parent.TxHash()}}, wire.NewTxOut(2e8, w.stranger())))
	add(t, x, child, Published)
	block := func(after time.Duration) {
		now = now.Add(after)
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
		w.sync(x, 1)
	}
	for _, c := range []struct {
		after        time.Duration
		lone, agreed bool
	}{{loneKept - time.Minute, true, true}, {time.Minute, false, true}, {agreedKept, false, false}} {
		block(c.after)
		if x.holds(lone) != c.lone || x.holds(agreed) != c.agreed {
			t.Errorf("after %v more: %v, %v", c.after, x.holds(lone), x.holds(agreed))
		}
	}
	if !x.holds(parent) || !x.holds(child) {
		t.Error("the user's own payment is forgotten")
	}
}

// TestNoRoomForWhatOwnSpends: a relayed transaction that the user's own spends does
// not make room for others.
func TestNoRoomForWhatOwnSpends(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	parent := w.fake(pay, 3e8, 1)
	hear(t, x, parent, "attacker", false)
	child := signed(t, spend([]wire.OutPoint{{Hash: parent.TxHash()}}, wire.NewTxOut(2e8, w.stranger())))
	add(t, x, child, Published)
	for range poolHolds {
		now = now.Add(time.Second)
		hear(t, x, w.fake(pay, 1, 1), "attacker", false)
	}
	if !x.holds(parent) || !x.holds(child) {
		t.Error("the user's own payment is lost")
	}
}

// TestWhatNoNodeRelays: relayed transactions that a node would refuse are refused.
func TestWhatNoNodeRelays(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	income := w.pay(pay, 9e8)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), income}, true)
	w.sync(x, 1)
	own := func(stated int64) *wire.MsgTx {
		tx := spend([]wire.OutPoint{{Hash: income.TxHash()}}, wire.NewTxOut(8e8, w.stranger()))
		tx.TxIn[0].ValueIn = stated
		return signed(t, tx)
	}
	cheap, poor, rich, negative := w.fake(pay, 1e8, 1), w.fake(pay, 1e8, 1), w.fake(pay, 1e8, 1), w.fake(pay, 1e8, 1)
	cheap.TxIn[0].ValueIn--
	poor.TxIn[0].ValueIn = 1
	rich.TxIn[0].ValueIn = 22e6 * 1e8
	negative.TxIn[0].ValueIn = -1
	for name, tx := range map[string]*wire.MsgTx{
		"fee": cheap, "spends less than it pays": poor, "spends more than all coins": rich, "negative": negative,
		"pays more than all coins": w.fake(pay, 12e6*1e8, 2), "large": w.fake(pay, 1, 3000),
		"worth something else": own(9e8 + 1), "unsigned": spend([]wire.OutPoint{{Hash: income.TxHash()}}, wire.NewTxOut(1, pay)),
	} {
		if kept, refused, err := x.heard(t.Context(), tx, "a", true, 0); kept || !refused || err != nil {
			t.Errorf("%s: kept %v, refused %v, %v", name, kept, refused, err)
		}
	}
	for name, tx := range map[string]*wire.MsgTx{"payment": w.fake(pay, 1e8, 1), "own": own(9e8)} {
		if !hear(t, x, tx, "a", false) {
			t.Errorf("%s is not kept", name)
		}
	}
}

// TestForgedWitnessIsReplaced: a witness that a stranger forged is not offered to
// peers, and gives way to the one that peers of two networks agree upon.
func TestForgedWitnessIsReplaced(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	real := w.fake(pay, 3e8, 1)
	forged := real.Copy()
	forged.TxIn[0].SignatureScript = []byte{1, 2, 3}
	hear(t, x, forged, "attacker", false)
	child := signed(t, spend([]wire.OutPoint{{Hash: real.TxHash()}}, wire.NewTxOut(2e8, w.stranger())))
	add(t, x, child, Published)
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
	if got := published(); !slices.Equal(got, []chainhash.Hash{child.TxHash()}) {
		t.Errorf("offered: %v", got)
	}
	hear(t, x, real, "honest", true)
	got, err := x.Transaction(t.Context(), real.TxHash())
	if err != nil || !bytes.Equal(got.Tx.TxIn[0].SignatureScript, real.TxIn[0].SignatureScript) {
		t.Errorf("the forged witness is kept: %v", err)
	}
	hear(t, x, forged, "attacker", true)
	if got, _ := x.Transaction(t.Context(), real.TxHash()); !bytes.Equal(got.Tx.TxIn[0].SignatureScript, real.TxIn[0].SignatureScript) {
		t.Error("the witness was forged again")
	}
	grandchild := signed(t, spend([]wire.OutPoint{{Hash: child.TxHash()}}, wire.NewTxOut(1e8, w.stranger())))
	add(t, x, child, Published)
	if _, err := x.addTx(t.Context(), grandchild, Published, 0); err != nil {
		t.Fatal(err)
	}
}

// TestBalancesDecodeNothing: what getbalance allocates does not depend on the sizes
// of unmined transactions.
func TestBalancesDecodeNothing(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w, x, pay := openAt(t, &now, new(bytes.Buffer))
	for range 4 {
		tx := w.fake(w.stranger(), 1, 2000)
		tx.AddTxOut(wire.NewTxOut(1, pay))
		tx.TxIn[0].ValueIn = 1e8
		hear(t, x, tx, "a", false)
	}
	if len(x.store.Now().Pool.ByHash) != 4 {
		t.Fatal("not kept")
	}
	read := func() {
		if _, err := x.Balances(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	read()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
		t.Errorf("%d bytes allocated", got)
	}
}

// TestSpendOfWhatIsForgottenSoon: what spends an output that the wallet lists is the wallet's, also
// when the relayed transaction that pays it has waited as long as it may. It is kept from then on.
func TestSpendOfWhatIsForgottenSoon(t *testing.T) {
	now, log := time.Unix(1_700_000_000, 0), bytes.Buffer{}
	w, x, pay := openAt(t, &now, &log)
	w.sync(x, 10)
	parent := w.fake(pay, 1_000_000, 1)
	if !hear(t, x, parent, "", false) {
		t.Fatal("a payment is not kept")
	}
	w.txs[parent.TxHash()] = parent
	now = now.Add(loneKept)
	list, err := x.Unspent(t.Context(), OutputFilter{Usable: true})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d outputs: %v", len(list), err)
	}
	payment := spend([]wire.OutPoint{list[0].OutPoint}, wire.NewTxOut(900_000, w.stranger()))
	w.sign(payment)
	if own, err := x.publish(t.Context(), payment, 0); err != nil || !own {
		t.Errorf("own %v: %v", own, err)
	}
	now = now.Add(loneKept)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
	w.sync(x, 10)
	if got := unminedOf(t, x); !got[parent.TxHash()] || !got[payment.TxHash()] {
		t.Errorf("unmined %v", got)
	}
}
