package wallet

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// openSet returns a set of no wallets, which is closed with the test.
func openSet(t *testing.T) *Set {
	t.Helper()
	c := testConfig("", Birthday{})
	s := NewSet(SetConfig{Dir: t.TempDir(), Params: c.Params, Log: c.Log, Now: c.Now, RelayFee: c.RelayFee})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// makeTest makes a wallet of a set.
func makeTest(t *testing.T, s *Set, name string) *Wallet {
	t.Helper()
	x, err := s.Make(name)
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	return x
}

// syncSet takes a set to the tip as the syncer does, and returns the blocks that
// were matched on the way.
func (w *world) syncSet(s *Set, limit int) (matched int) {
	w.t.Helper()
	for idle := 0; ; {
		at, watching := s.Scanned()
		if !watching || at == w.tip().BlockID {
			return matched
		}
		u := w.since(s.Locator(), limit)
		matched += len(u.Applied)
		if u.Empty() {
			if idle++; idle > 1 {
				w.t.Fatalf("scanned to %v, and nothing to do", at)
			}
			continue
		}
		idle = 0
		w.take(s, u)
	}
}

// minedTold is what a wallet says about blocks, which depends on nothing else.
func minedTold(t *testing.T, x *Wallet) []string {
	t.Helper()
	var list []string
	for _, h := range tell(t, x).History {
		if h.Mined() {
			list = append(list, fmt.Sprint(h.Place, h.Hash, h.Block, h.Net()))
		}
	}
	return list
}

// life is a random life of a set of wallets.
type life struct {
	*world
	t    *testing.T
	set  *Set
	born map[string]map[byte]consensus.Height // of the accounts by wallet and seed
}

// act does something random to the set or the chain.
func (l *life) act() {
	name := fmt.Sprint("w", l.rng.IntN(3))
	switch l.rng.IntN(13) {
	case 12:
		l.changeMind(name)
	case 0:
		l.importSome(name)
	case 1:
		l.rescan(name)
	case 2:
		l.reorganise(1 + l.rng.IntN(min(20, len(l.main)-1)))
	case 3:
		l.reopen(name)
	case 4, 5, 6:
		l.random()
	default:
		l.step(l.set, 1+l.rng.IntN(12))
	}
}

// importSome imports an account that the wallet does not have.
func (l *life) importSome(name string) {
	seed := byte(1 + l.rng.IntN(2))
	if _, known := l.born[name][seed]; known {
		return
	}
	x := makeTest(l.t, l.set, name)
	birth := Birthday{Height: consensus.Height(l.rng.IntN(30))}
	importTest(l.t, x, fmt.Sprint(seed), seed, AccountOptions{Birthday: &birth})
	if l.born[name] == nil {
		l.born[name] = make(map[byte]consensus.Height)
	}
	l.born[name][seed] = birth.Height
}

// changeMind rescans a wallet and gives that up after some steps.
func (l *life) changeMind(name string) {
	x, err := l.set.Wallet(name)
	if err != nil {
		return
	}
	from := consensus.Height(l.rng.IntN(int(x.Status().Tip.Height) + 1))
	id, err := x.StartRescan(l.t.Context(), from)
	if err != nil {
		l.t.Fatal(err)
	}
	for range l.rng.IntN(8) {
		l.step(l.set, 1+l.rng.IntN(12))
	}
	switch err := x.CancelJob(l.t.Context(), id); {
	case errors.Is(err, ErrJobOver):
		for seed, birth := range l.born[name] {
			l.born[name][seed] = min(birth, from)
		}
	case err != nil:
		l.t.Fatal(err)
	}
}

func (l *life) rescan(name string) {
	x, err := l.set.Wallet(name)
	if err != nil {
		return
	}
	from := consensus.Height(l.rng.IntN(int(x.Status().Tip.Height) + 1))
	if err := x.Rescan(l.t.Context(), from); err != nil {
		l.t.Fatal(err)
	}
	for seed, birth := range l.born[name] {
		l.born[name][seed] = min(birth, from)
	}
}

// reopen closes a wallet and opens it again, maybe in the middle of a step.
func (l *life) reopen(name string) {
	if _, err := l.set.Wallet(name); err != nil {
		return
	}
	inStep := l.rng.IntN(2) == 0
	var u chain.Update
	if inStep {
		u = l.since(l.set.Locator(), 5)
	}
	if err := l.set.CloseWallet(name); err != nil {
		l.t.Fatal(err)
	}
	if inStep && !u.Empty() {
		l.take(l.set, u)
	}
	if _, err := l.set.Open(name); err != nil {
		l.t.Fatal(err)
	}
}

// TestWalletsTogetherEqualWalletsAlone: whatever the interleaving of imports,
// rescans, reorganisations and closing, each wallet of a set ends with the books
// of one that was alone on the same chain.
func TestWalletsTogetherEqualWalletsAlone(t *testing.T) {
	for seed := range seeds(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := &life{world: newWorld(t, seed), t: t, set: openSet(t), born: make(map[string]map[byte]consensus.Height)}
			l.ours = append(derived(t, 1, hd.External, 12), derived(t, 2, hd.Internal, 12)...)
			l.random()
			for range 150 {
				l.act()
			}
			l.random()
			l.syncSet(l.set, 1+l.rng.IntN(30))
			for name, accounts := range l.born {
				x, err := l.set.Wallet(name)
				if err != nil {
					t.Fatal(err)
				}
				if err := x.Check(t.Context()); err != nil {
					t.Fatal(name, err)
				}
				alone := openTest(t, Birthday{})
				for seed, birth := range accounts {
					importTest(t, alone, fmt.Sprint(seed), seed, AccountOptions{Birthday: &Birthday{Height: birth}})
				}
				l.sync(alone, 1000)
				if got, want := minedTold(t, x), minedTold(t, alone); !slices.Equal(got, want) {
					t.Fatalf("%s says\n%v\nalone it says\n%v", name, got, want)
				}
			}
		})
	}
}

// TestWalletsAtOneBlockShareAPass: two wallets that stand at the same block need
// no more blocks than one, and one that comes later joins them.
func TestWalletsAtOneBlockShareAPass(t *testing.T) {
	w := newWorld(t, 1)
	w.ours = append(derived(t, 1, hd.External, 12), derived(t, 2, hd.External, 12)...)
	for range 100 {
		w.random()
	}
	s := openSet(t)
	a, b := makeTest(t, s, "a"), makeTest(t, s, "b")
	importTest(t, a, "a", 1, AccountOptions{Gap: 100})
	importTest(t, b, "b", 2, AccountOptions{Gap: 100})
	if n := w.syncSet(s, 10); n != 100 {
		t.Errorf("%d blocks were matched for two wallets, want 100", n)
	}
	c := makeTest(t, s, "c")
	importTest(t, c, "c", 1, AccountOptions{Gap: 100})
	w.random()
	if n := w.syncSet(s, 10); n < 100+2 || n > 100+12 {
		t.Errorf("%d blocks were matched for the third, want 100 and the new one", n)
	}
	w.random()
	if n := w.syncSet(s, 10); n != 1 {
		t.Errorf("%d blocks were matched for the next block, want 1", n)
	}
	if !slices.Equal(minedTold(t, a), minedTold(t, c)) {
		t.Error("two wallets with the same account differ")
	}
}

// TestTipIsFollowedDuringRescan: while old blocks are searched, new ones are
// applied at once, also for other wallets.
func TestTipIsFollowedDuringRescan(t *testing.T) {
	w := newWorld(t, 1)
	w.ours = derived(t, 1, hd.External, 12)
	for range 300 {
		w.random()
	}
	s := openSet(t)
	a := makeTest(t, s, "a")
	importTest(t, a, "a", 1, AccountOptions{})
	w.syncSet(s, 100)
	if err := a.Rescan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b := makeTest(t, s, "b")
	importTest(t, b, "b", 1, AccountOptions{})
	steps := 0
	for at, _ := s.Scanned(); at.Height < 250; at, _ = s.Scanned() {
		income := w.pay(w.ours[0], 100)
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), income}, true)
		for range 2 {
			w.step(s, 10)
		}
		if _, err := a.Transaction(t.Context(), income.TxHash()); err != nil {
			t.Fatalf("with everything scanned to %d, a payment in block %d is not known: %v", at.Height, w.tip().Height, err)
		}
		if st := a.Status(); st.Tip != w.tip().BlockID {
			t.Fatalf("the wallet's tip is %v with the chain at %v", st.Tip, w.tip().BlockID)
		}
		steps++
	}
	if steps < 20 {
		t.Fatalf("only %d steps", steps)
	}
	w.syncSet(s, 10)
	if !reflect.DeepEqual(minedTold(t, a), minedTold(t, b)) {
		t.Error("the wallets differ")
	}
	checkBalances(t, w, a)
}
