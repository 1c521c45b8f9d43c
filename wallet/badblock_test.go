package wallet

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// badBlocks are the ways in which a block is bad that pays and spends what a wallet has.
// Each makes of an output of the wallet that may be spent, and one that is spent, a
// transaction that no full node accepts.
func badBlocks() map[string]func(w *world, free coin, spent *wire.MsgTx) *wire.MsgTx {
	return map[string]func(w *world, free coin, spent *wire.MsgTx) *wire.MsgTx{
		"unsigned": func(w *world, free coin, _ *wire.MsgTx) *wire.MsgTx {
			w.unsigned = true
			return spend([]wire.OutPoint{free.op}, wire.NewTxOut(free.amount, w.stranger()))
		},
		"twice": func(w *world, _ coin, spent *wire.MsgTx) *wire.MsgTx {
			tx := spend([]wire.OutPoint{spent.TxIn[0].PreviousOutPoint}, wire.NewTxOut(1, w.stranger()))
			w.sign(tx)
			return tx
		},
		"inflation": func(w *world, free coin, _ *wire.MsgTx) *wire.MsgTx {
			return spend([]wire.OutPoint{free.op}, wire.NewTxOut(free.amount+1, w.stranger()))
		},
		"again": func(_ *world, _ coin, spent *wire.MsgTx) *wire.MsgTx { return spent },
	}
}

// TestBadBlocks: a block that no full node accepts is named, and changes nothing.
func TestBadBlocks(t *testing.T) {
	for name, make := range badBlocks() {
		t.Run(name, func(t *testing.T) {
			w, x, ops := funded(t, 2)
			first := spend(ops[:1], wire.NewTxOut(900, w.stranger()))
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), first}, true)
			w.sync(x, 10)
			before := dump(t, x)
			bad := make(w, coin{op: ops[1], amount: 1000}, first)
			b := w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), bad}, true)
			u := w.since(x.steps.Locator(), 10)
			scripts, _ := x.steps.Scripts()
			w.fill(&u, scripts)
			_, err := x.applier.Apply(t.Context(), u)
			var invalid *consensus.InvalidBlock
			if !errors.As(err, &invalid) || invalid.Block != b.BlockID || invalid.Tx != bad.TxHash() {
				t.Errorf("got %v", err)
			}
			if dump(t, x) != before {
				t.Error("it has changed the wallet")
			}
			w.cut(1)
			w.unsigned = false
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
			w.sync(x, 10)
		})
	}
}

// TestBooksOfALeftBranchCondemnNoBlock: during a rescan the chain is left below all blocks that
// the wallet remembers. The first block of the other branch that concerns the wallet contradicts
// what the books hold of the left one above it: it is sound, and the books are taken back.
func TestBooksOfALeftBranchCondemnNoBlock(t *testing.T) {
	for name, same := range map[string]bool{"another spends the same": false, "the same transaction": true} {
		t.Run(name, func(t *testing.T) {
			w, x, ops := funded(t, 1)
			empty := func(n int) {
				for range n {
					w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
				}
			}
			first := spend(ops, wire.NewTxOut(900, w.stranger()))
			second := spend(ops, wire.NewTxOut(800, derived(t, 1, hd.External, 2)[1]))
			if same {
				second = first
			}
			empty(100)
			fork := w.tip().Height
			empty(5)
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), first}, true)
			empty(remembered.Dense + 20)
			w.sync(x, 100)
			if err := x.Rescan(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			w.cut(int(w.tip().Height - fork))
			empty(2)
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), second}, true)
			empty(remembered.Dense + 30)
			w.sync(x, 1)
			b, err := x.Balances(t.Context(), 1)
			if want := map[bool]dcrutil.Amount{false: 800, true: 0}[same]; err != nil || b.Sum.Spendable != want {
				t.Errorf("it can spend %d, want %d (%v)", b.Sum.Spendable, want, err)
			}
			if err := x.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// putRow puts a row into a table.
func putRow(tx *bolt.Tx, kind rows.Kind, key, value []byte) error {
	t, err := rows.OpenTable(tx, kind)
	if err != nil {
		return err
	}
	return t.Put(key, value)
}

// TestDamageCondemnsNoBlock: a wallet whose books are damaged says so, and does not find a
// block invalid that full nodes accept.
func TestDamageCondemnsNoBlock(t *testing.T) {
	other := Place{Height: 1, Tree: wire.TxTreeRegular}
	for name, harm := range map[string]func(tx *bolt.Tx, free wire.OutPoint, next *wire.MsgTx) error{
		"a spender that spends something else": func(tx *bolt.Tx, free wire.OutPoint, _ *wire.MsgTx) error {
			return putRow(tx, ledger.SpendsTable(), rows.OutPointKey(free), ledger.Spender{Place: other, Input: 0}.Encode())
		},
		"another amount": func(tx *bolt.Tx, free wire.OutPoint, _ *wire.MsgTx) error {
			c, ok, err := ledger.GetCredit(tx, free)
			if err != nil || !ok {
				return errors.Join(err, errors.New("there is no such credit"))
			}
			c.Amount--
			return putRow(tx, ledger.CreditsTable(), rows.OutPointKey(free), c.Encode())
		},
		"a transaction that is somewhere else": func(tx *bolt.Tx, _ wire.OutPoint, next *wire.MsgTx) error {
			hash := next.TxHash()
			return putRow(tx, ledger.PlacesTable(), append(hash[:], txn.PlaceKey(other)...), []byte{})
		},
		"another script": func(tx *bolt.Tx, free wire.OutPoint, _ *wire.MsgTx) error {
			c, ok, err := ledger.GetCredit(tx, free)
			if err != nil || !ok {
				return errors.Join(err, errors.New("there is no such credit"))
			}
			row := bytes.Clone(tx.Bucket(ledger.MinedBucket).Get(txn.PlaceKey(c.Place)))
			row[bytes.Index(row, derived(t, 1, hd.External, 1)[0])+5] ^= 1
			return tx.Bucket(ledger.MinedBucket).Put(txn.PlaceKey(c.Place), row)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, x, ops := funded(t, 1)
			next := spend(ops, wire.NewTxOut(1000, w.stranger()))
			w.sign(next)
			path := filepath.Join(t.TempDir(), "copy.db")
			copyFile(t, x, path)
			x, err := Open(testConfig(path, Birthday{}))
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if err := x.store.DB.Update(func(tx *bolt.Tx) error { return harm(tx, ops[0], next) }); err != nil {
				t.Fatal(err)
			}
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), next}, true)
			u := w.since(x.steps.Locator(), 10)
			scripts, _ := x.steps.Scripts()
			w.fill(&u, scripts)
			_, err = x.applier.Apply(t.Context(), u)
			var invalid *consensus.InvalidBlock
			if errors.As(err, &invalid) || !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// badBlock mines a block that no full node accepts, and takes it back once the wallets
// have refused it.
func (l *lifetime) badBlock() {
	l.goOn(1 + l.rng.IntN(30))
	list, err := l.x.Unspent(l.t.Context(), OutputFilter{MinConf: 1})
	history, err2 := l.x.History(l.t.Context(), HistoryFilter{})
	if err := errors.Join(err, err2); err != nil {
		l.fail("%v", err)
	}
	var free *coin
	for _, o := range list {
		if o.Source == FromPayment && o.Amount > 0 && testKeys()[string(o.PkScript)] != nil {
			free = &coin{op: o.OutPoint, amount: int64(o.Amount)}
		}
	}
	var spent *wire.MsgTx
	for _, h := range history {
		if h.Mined() && h.Kind == Regular && len(h.Debits) > 0 && h.Debits[0].Index == 0 {
			spent = h.Tx
		}
	}
	if free == nil || spent == nil {
		return
	}
	names := []string{"unsigned", "twice", "inflation", "again"}
	name := names[l.rng.IntN(len(names))]
	l.note("bad block: %s", name)
	bad := badBlocks()[name](l.world, *free, spent)
	if name == "again" {
		l.repeated[bad.TxHash()] = true
	}
	b := l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1), bad}, true)
	l.unsigned = false
	named := false
	l.invalid = func(found *consensus.InvalidBlock) {
		named = found.Block == b.BlockID
		l.cut(1)
		l.random()
	}
	for range 8 + len(l.main)/5 { // it may make a window grow, and all blocks be searched before it
		if l.tip() == b {
			l.step(l.scanner(), 10)
		}
	}
	l.invalid = l.leaveBad
	if !named {
		l.fail("bad block (%s) is not found", name)
	}
}

// buried is a bad block that concerns no wallet when it is mined: it spends an output of
// a script that none watches, without a signature.
type buried struct {
	block consensus.BlockID
	pay   string
	coin  *wire.MsgTx
	spend *wire.MsgTx
}

// bury mines a bad block that none of the wallets can find now, and an import may.
func (l *lifetime) bury() {
	pay := l.pool[l.rng.IntN(len(l.pool))]
	for _, sub := range l.subjects {
		if _, watched := sub.x.store.Find([]byte(pay)); watched || testKeys()[pay] == nil {
			return
		}
	}
	coin := l.world.pay([]byte(pay), 1000)
	l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1), coin}, true)
	tx := spend([]wire.OutPoint{{Hash: coin.TxHash()}}, wire.NewTxOut(900, l.stranger()))
	l.unsigned = true
	b := l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1), tx}, true)
	l.unsigned = false
	l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1)}, true)
	l.note("bad block %d is buried, it spends of %x", b.Height, pay)
	l.buried = append(l.buried, &buried{b.BlockID, pay, coin, tx})
}

// leaveBad makes the chain leave the branch of a buried block that a wallet has found.
func (l *lifetime) leaveBad(found *consensus.InvalidBlock) {
	if !slices.ContainsFunc(l.buried, func(b *buried) bool { return b.block == found.Block }) {
		l.fail("block %v is said to be invalid: %v", found.Block, found)
	}
	if int(found.Block.Height) >= len(l.main) || l.main[found.Block.Height].Hash != found.Block.Hash {
		return // the chain has left it since the step began
	}
	l.note("buried block %d is found", found.Block.Height)
	l.jumped = true
	l.cut(len(l.main) - int(found.Block.Height))
	l.random()
}

// checkBuried wants every buried block to be found that spends what the wallet counts.
func (l *lifetime) checkBuried(want *truth) {
	l.t.Helper()
	for _, b := range l.buried {
		onChain := int(b.block.Height) < len(l.main) && l.main[b.block.Height].Hash == b.block.Hash
		_, counts := want.coins[wire.OutPoint{Hash: b.coin.TxHash()}]
		if onChain && counts && want.mined[b.spend.TxHash()] {
			l.fail("buried block %d is not found: it spends of %x without a signature", b.block.Height, b.pay)
		}
	}
}
