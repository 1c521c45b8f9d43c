package wallet

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// commits returns how many transactions the file of a wallet has seen.
func commits(t testing.TB, x *Wallet) int {
	t.Helper()
	n := 0
	if err := x.store.DB.View(func(tx *bolt.Tx) error { n = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestQuietBlocksAreStoredTogether: blocks that hold nothing for a wallet are no write
// each, and none of them is lost but to a kill, after which the wallet goes through
// them again.
func TestQuietBlocksAreStoredTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quiet.db")
	open := func() *Wallet {
		x, err := Open(testConfig(path, Birthday{}))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	w, x := newWorld(t, 1), open()
	importTest(t, x, "a", 1, AccountOptions{})
	w.mine(nil, nil, true)
	w.sync(x, 10)
	before := commits(t, x)
	const blocks = 3 * state.QuietBlocks
	for range blocks {
		w.mine(nil, nil, true)
		w.sync(x, 10)
	}
	if n := commits(t, x) - before; n < 3 || n > 4 {
		t.Errorf("%d commits for %d quiet blocks, want one for each %d", n, blocks, state.QuietBlocks)
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}

	// As a kill leaves it, it is at most so many blocks behind.
	copied := filepath.Join(t.TempDir(), "killed.db")
	copyFile(t, x, copied)
	killed, err := Open(testConfig(copied, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	if behind := w.tip().Height - killed.Status().Tip.Height; behind >= state.QuietBlocks {
		t.Errorf("a killed wallet is %d blocks behind", behind)
	}
	w.sync(killed, 10)
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}

	// Closed, it is where it was.
	tip := x.Status().Tip
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open()
	defer x.Close()
	if got := x.Status().Tip; got != tip {
		t.Errorf("reopened at %v, want %v", got, tip)
	}

	// A block that pays, and one that another block disapproves of, are stored at once.
	changes := x.Status().Changes
	before = commits(t, x)
	w.mine(nil, nil, true)
	w.sync(x, 10)
	if got := x.Status().Changes; got != changes && commits(t, x) == before {
		t.Errorf("a quiet block changes %d to %d", changes, got)
	}
	before = commits(t, x)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(derived(t, 1, hd.External, 1)[0], 100)}, true)
	w.sync(x, 10)
	w.mine(nil, nil, false)
	w.sync(x, 10)
	if n := commits(t, x) - before; n != 2 {
		t.Errorf("%d commits for two blocks with news", n)
	}
}

// TestOpeningWritesNothing: a wallet of the newest format is opened without a write.
func TestOpeningWritesNothing(t *testing.T) {
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	before := commits(t, x)
	if n := commits(t, reopen(t, x)) - before; n != 0 {
		t.Errorf("opening has made %d commits", n)
	}
}

// openMany returns a set of n wallets with an account each, opened side by side.
func openMany(b *testing.B, n int) *Set {
	b.Helper()
	c := testConfig("", Birthday{})
	s := NewSet(SetConfig{Dir: b.TempDir(), Params: c.Params, Log: c.Log, Now: c.Now})
	b.Cleanup(func() { s.Close() })
	for i := range n {
		x, err := s.Create(fmt.Sprintf("w%05d", i), nil)
		if err != nil {
			b.Fatal(err)
		}
		x.store.DB.NoSync = true
		pay := keyHashScript(chainHash20(i))
		if err := x.ImportScript(b.Context(), pay, nil); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func chainHash20(i int) []byte { return fmt.Appendf(make([]byte, 0, 20), "%020d", i)[:20] }

// BenchmarkBlockOfManyWallets measures what a block costs that holds nothing for any
// of many wallets, with the file written to the disk.
func BenchmarkBlockOfManyWallets(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openMany(b, n)
			for _, o := range s.open {
				o.store.DB.NoSync = false
			}
			on := s.Locator()[0]
			for b.Loop() {
				b.StopTimer()
				u := chain.Update{Applied: headersOnly(b, on, 1)}
				on = u.Applied[0].BlockID
				b.StartTimer()
				if len(s.Locator()) == 0 {
					b.Fatal("no locator")
				}
				s.Scripts()
				if grown, err := s.Apply(b.Context(), u); grown || err != nil {
					b.Fatal(grown, err)
				}
				if at, _ := s.Scanned(); at != on {
					b.Fatal(at)
				}
			}
		})
	}
}

// BenchmarkOpenManyWallets measures opening all wallets of a directory.
func BenchmarkOpenManyWallets(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openMany(b, n)
			for b.Loop() {
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := s.OpenAll(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
