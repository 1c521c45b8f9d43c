package wallet

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// told is everything a wallet says, with nothing that depends on the order in
// which it learned it.
type told struct {
	Balances Balances
	Unspent  []Output
	History  []*Transaction
	Accounts []Account
	Received map[string]Received
}

func tell(t *testing.T, x *Wallet) told {
	t.Helper()
	var out told
	var err error
	if out.Balances, err = x.Balances(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if out.Unspent, err = x.Unspent(t.Context(), OutputFilter{}); err != nil {
		t.Fatal(err)
	}
	if out.History, err = x.History(t.Context(), HistoryFilter{}); err != nil {
		t.Fatal(err)
	}
	for _, h := range out.History {
		h.Tx = nil // caches its hash
	}
	received, err := x.Received(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	out.Received = make(map[string]Received)
	for _, r := range received {
		out.Received[r.Address] = r
	}
	out.Accounts = x.Accounts()
	return out
}

// byBlocks returns what follows from blocks alone. Whether a void transaction waits
// for a block depends on what is known of coins of others.
func (a told) byBlocks() told {
	a.Unspent = nil
	a.History = slices.DeleteFunc(a.History, func(h *Transaction) bool { return !h.Mined() })
	for _, h := range a.History {
		h.Conflicts = nil
	}
	for i := range a.Balances.Accounts {
		b := &a.Balances.Accounts[i].Balance
		b.Unconfirmed, b.Spending, b.Total = 0, 0, 0
	}
	a.Balances.Sum.Unconfirmed, a.Balances.Sum.Spending, a.Balances.Sum.Total = 0, 0, 0
	return a
}

// scattered is a world that pays the first addresses of an account in a random
// order, each at most once, and spends most of that within the next blocks or later.
func scattered(t *testing.T, seed uint64, addresses, blocks int) *world {
	w := newWorld(t, seed)
	pays := append(derived(t, 1, hd.External, uint32(addresses)), derived(t, 1, hd.Internal, uint32(addresses))...)
	w.rng.Shuffle(len(pays), func(i, j int) { pays[i], pays[j] = pays[j], pays[i] })
	due := make([][]wire.OutPoint, blocks) // what each block spends
	for at := range blocks {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1000)}
		for _, op := range due[at] {
			regular = append(regular, spend([]wire.OutPoint{op}, wire.NewTxOut(100, w.stranger())))
		}
		for len(pays) > 0 && w.rng.IntN(3) == 0 {
			tx := w.pay(pays[0], 100)
			regular, pays = append(regular, tx), pays[1:]
			if later := at + 1 + w.rng.IntN(1+w.rng.IntN(blocks)); later < blocks {
				due[later] = append(due[later], wire.OutPoint{Hash: tx.TxHash()})
			}
		}
		w.mine(nil, regular, true)
	}
	return w
}

// pay returns a payment out of nowhere.
func (w *world) pay(pay []byte, amount int64) *wire.MsgTx {
	from := w.coinbase(w.stranger(), amount)
	w.txs[from.TxHash()] = from
	return spend([]wire.OutPoint{{Hash: from.TxHash(), Index: 1}}, wire.NewTxOut(amount, pay))
}

// TestDiscoveryDoesNotDependOnOrder: whatever the window, the order in which addresses are used
// and spent, and the sizes of steps, the wallet watches the least fixed point, and has what a
// replay of the chain gives.
func TestDiscoveryDoesNotDependOnOrder(t *testing.T) {
	index := indexes(t, 60)
	for seed := range seeds(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := scattered(t, seed, 60, 120)
			gap := 1 + uint32(seed%8)
			var first told
			for i, limit := range []int{1000, 1, 5, 17} {
				x := openTest(t, Birthday{})
				importTest(t, x, "a", 1, AccountOptions{Gap: gap})
				w.sync(x, limit)
				checkFixedPoint(t, w, x, index)
				checkBalances(t, w, x)
				got := tell(t, x)
				if i == 0 {
					first = got
				}
				if !reflect.DeepEqual(got, first) {
					t.Fatalf("with %d blocks at a time:\n%+v\nat once:\n%+v", limit, got, first)
				}
			}
		})
	}
}

// indexes returns the indexes of the first scripts of an account, by branch.
func indexes(t *testing.T, n uint32) (index [2]map[string]uint32) {
	t.Helper()
	for branch := range index {
		index[branch] = make(map[string]uint32)
		for i, pay := range derived(t, 1, uint32(branch), n) {
			index[branch][string(pay)] = uint32(i)
		}
	}
	return index
}

// checkFixedPoint compares the windows of the first account with a naive search
// of the whole chain, given the indexes of scripts by branch.
func checkFixedPoint(t *testing.T, w *world, x *Wallet, index [2]map[string]uint32) {
	t.Helper()
	a := x.Accounts()[0]
	for branch, got := range a.Branches {
		var used []uint32
		for _, b := range w.main[1:] {
			for _, tx := range b.Msg.Transactions {
				for _, out := range tx.TxOut {
					if i, ok := index[branch][string(out.PkScript)]; ok {
						used = append(used, i)
					}
				}
			}
		}
		if want := naiveWindow(used, a.Gap); got != want {
			t.Fatalf("branch %d: got %+v, want %+v", branch, got, want)
		}
	}
}

// TestSearchesOldBlocksForNewScriptsOnly holds what makes a growing window cheap: the
// second pass matches what the first one could not, so that each block is matched
// against each script once.
func TestSearchesOldBlocksForNewScriptsOnly(t *testing.T) {
	w := newWorld(t, 1)
	pays := derived(t, 1, hd.External, 100)
	for i := range 50 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pays[i], 100)}, true)
	}
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 10})
	const limit = 10
	matched := make(map[string][]int) // how often, by step
	for {
		from := int(x.store.Now().Cursor.Height) / limit
		if !w.step(x, limit) {
			break
		}
		scripts, _ := x.steps.Scripts()
		for _, sc := range scripts {
			if matched[string(sc)] == nil {
				matched[string(sc)] = make([]int, 50/limit)
			}
			matched[string(sc)][from]++
		}
	}
	after, _ := x.steps.Scripts()
	for i, sc := range after {
		if got := matched[string(sc)]; !slices.Equal(got, []int{1, 1, 1, 1, 1}) {
			t.Errorf("script %d of %d was matched %v times", i, len(after), got)
		}
	}
	if got := x.Accounts()[0].Branches[hd.External].Used; got != 50 {
		t.Fatalf("found %d addresses", got)
	}
}

// TestUseOfImportedAddresses: a window comes to cover imported addresses and no others, and
// the blocks that make it do so have paid these before.
func TestUseOfImportedAddresses(t *testing.T) {
	for _, limit := range []int{1, 10} {
		w, pays := newWorld(t, 1), derived(t, 1, External, 6)
		for _, i := range []int{2, 0, 3, 5} {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pays[i], 100)}, true)
		}
		x := openTest(t, Birthday{})
		for _, pay := range pays[2:4] {
			if err := x.ImportScript(t.Context(), pay, nil); err != nil {
				t.Fatal(err)
			}
		}
		importTest(t, x, "a", 1, AccountOptions{Gap: 1})
		w.sync(x, limit)
		checkFixedPoint(t, w, x, indexes(t, 6))
		checkBalances(t, w, x)
		if used := x.Accounts()[0].Branches[External].Used; used != 6 {
			t.Errorf("with %d blocks at a time %d addresses are used, want 6", limit, used)
		}
	}
}

// TestRescanSearchesForEverything holds that a rescan leaves nothing out because it
// has been searched for already.
func TestRescanSearchesForEverything(t *testing.T) {
	w := scattered(t, 3, 60, 120)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 10})
	w.sync(x, 10)
	if len(x.store.Now().ScannedRanges) == 0 {
		t.Fatal("nothing was found on the way")
	}
	if err := x.Rescan(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	all := len(x.store.Now().Pays)
	steps := 0
	for ; w.step(x, 10); steps++ {
		if scripts, _ := x.steps.Scripts(); len(scripts) != all {
			t.Fatalf("step %d: %d of %d scripts are searched for", steps, len(scripts), all)
		}
	}
	if steps != 12 {
		t.Errorf("%d steps", steps)
	}
}

func TestImportFindsWhatIsOld(t *testing.T) {
	for seed := range seeds(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.ours = append(derived(t, 1, hd.External, 10), derived(t, 2, hd.External, 10)...)
			for range 60 {
				w.random()
			}
			x := openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{})
			for range w.rng.IntN(20) {
				w.step(x, 1+w.rng.IntN(7))
			}
			// The syncer is in the middle of a step while the account is imported.
			locator := x.steps.Locator()
			u := w.since(locator, 5)
			before, _ := x.steps.Scripts()
			if w.rng.IntN(2) == 0 {
				before = nil // it asks for the scripts afterwards
			}
			importTest(t, x, "b", 2, AccountOptions{})
			if before == nil {
				before, _ = x.steps.Scripts()
			}
			w.fill(&u, before)
			if !u.Empty() {
				for {
					grown, err := x.applier.Apply(t.Context(), u)
					if err != nil {
						t.Fatal(err)
					}
					if !grown {
						break
					}
					again, _ := x.steps.Scripts()
					w.fill(&u, again)
				}
			}
			w.sync(x, 9)
			checkBalances(t, w, x)

			fresh := openTest(t, Birthday{})
			importTest(t, fresh, "a", 1, AccountOptions{})
			importTest(t, fresh, "b", 2, AccountOptions{})
			w.sync(fresh, 1000)
			if a, b := tell(t, x).byBlocks(), tell(t, fresh).byBlocks(); !reflect.DeepEqual(a, b) {
				t.Fatalf("imported late:\n%+v\nat first:\n%+v", a, b)
			}
		})
	}
}

func TestRescanChangesNothing(t *testing.T) {
	for seed := range seeds(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
			x := openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{})
			for range 60 {
				w.random()
				if w.rng.IntN(10) == 0 {
					w.sync(x, 8)
					w.reorganise(min(3, len(w.main)-1))
				}
			}
			w.sync(x, 8)
			before, said, pool := dump(t, x, "meta", "blocks", "unmined", "jobs", "conflicts"), tell(t, x), unminedHashes(t, x)
			if err := x.Rescan(t.Context(), consensus.Height(w.rng.IntN(50))); err != nil {
				t.Fatal(err)
			}
			for w.step(x, 1+w.rng.IntN(9)) {
				if left := unminedHashes(t, x); !slices.Equal(left, pool) {
					// The chain proves dead what a reorganisation had released: it is spent
					// by a block that counts again, in a transaction of somebody else.
					if len(left) >= len(pool) {
						t.Fatalf("unmined %v, were %v", left, pool)
					}
					said, pool = tell(t, x), left
				}
				if now := tell(t, x); !reflect.DeepEqual(now, said) {
					t.Fatalf("at %d the wallet says\n%+v\nand said\n%+v", x.Status().Scanned.Height, now, said)
				}
			}
			if s := x.Status(); s.Scanned != s.Tip || s.Tip != w.tip().BlockID {
				t.Fatalf("rescanned to %+v", s)
			}
			if dump(t, x, "meta", "blocks", "unmined", "jobs", "conflicts") != before {
				t.Fatal("the rescan changed the books")
			}
		})
	}
}

func unminedHashes(t *testing.T, x *Wallet) []chainhash.Hash {
	t.Helper()
	pool, err := x.Unmined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []chainhash.Hash
	for _, u := range pool {
		list = append(list, u.Hash)
	}
	return list
}

func TestRescanMendsTheBooks(t *testing.T) {
	w := newWorld(t, 5)
	w.ours = derived(t, 1, hd.External, 12)
	x := openTest(t, Birthday{})
	a := importTest(t, x, "a", 1, AccountOptions{Birthday: &Birthday{Height: 30}})
	for range 40 {
		w.random()
	}
	w.sync(x, 100)
	if a.Birthday.Height != 30 || x.Status().Birthday != 30 {
		t.Fatalf("birthday %v", a.Birthday)
	}
	for _, h := range tell(t, x).History {
		if h.Place.Height < 30 {
			t.Fatalf("a transaction at %d is older than the birthday", h.Place.Height)
		}
	}
	if err := x.Rescan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 6)
	checkBalances(t, w, x) // the twin knows no birthdays
	if err := x.Rescan(t.Context(), 41); err == nil {
		t.Fatal("rescanned above the tip")
	}
	if err := x.Rescan(t.Context(), -1); err == nil {
		t.Fatal("rescanned below genesis")
	}
}

func TestReorganisationDuringRescan(t *testing.T) {
	for seed := range seeds(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.ours = append(derived(t, 1, hd.External, 12), derived(t, 2, hd.External, 12)...)
			x := openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{})
			for range 50 {
				w.random()
			}
			w.sync(x, 10)
			if seed%2 == 0 {
				importTest(t, x, "b", 2, AccountOptions{})
			} else if err := x.Rescan(t.Context(), consensus.Height(w.rng.IntN(50))); err != nil {
				t.Fatal(err)
			}
			for range w.rng.IntN(6) {
				w.step(x, 1+w.rng.IntN(12))
			}
			w.reorganise(1 + w.rng.IntN(40))
			w.random()
			w.sync(x, 1+w.rng.IntN(30))
			checkBalances(t, w, x)
		})
	}
}

// naiveWindow searches a chain for used addresses as BIP44 tells it: it starts
// again from the first block whenever it has found something.
func naiveWindow(chain []uint32, gap uint32) hd.Window {
	var w hd.Window
	for {
		before := w
		end := w.End(gap)
		for _, index := range chain {
			if index < end {
				w = w.Use(index)
			}
		}
		if w == before {
			return w
		}
	}
}

func TestWindowDoesNotDependOnOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		gap := 1 + rng.Uint32N(8)
		used := make([]uint32, rng.IntN(30))
		for i := range used {
			used[i] = rng.Uint32N(60)
		}
		want := naiveWindow(used, gap)
		rng.Shuffle(len(used), func(i, j int) { used[i], used[j] = used[j], used[i] })
		if got := naiveWindow(used, gap); got != want {
			t.Fatalf("gap %d, used %v: got %v, want %v", gap, used, got, want)
		}
	}
}
