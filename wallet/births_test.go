package wallet

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestPropertyTheFirstBirthIsRemembered compares the birthday that is remembered with that
// of a look at each script, over snapshots as transactions make them.
func TestPropertyTheFirstBirthIsRemembered(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		anyBorn := func() born {
			b := born{height: consensus.Height(rng.IntN(50))}
			if rng.IntN(2) == 0 {
				b.height = unborn
			}
			b.after, b.date = uint32(rng.IntN(4)), uint32(rng.IntN(4))
			return b
		}
		var b births
		s := &snapshot{}
		for i := range 3 {
			s.anchors = append(s.anchors, anchor{BlockID: consensus.BlockID{Height: consensus.Height(20 + i)}})
			s.dates = append(s.dates, dated{uint32(i + 1), consensus.Height(30 + i)})
			s.accounts = append(s.accounts, Account{Number: uint32(i), born: anyBorn()})
		}
		for range 40 {
			next := s.withAccounts()
			switch rng.IntN(5) {
			case 0, 1: // a transaction that is given up leaves scripts behind the end
				_ = s.grow([]script{{account: ImportedAccount, born: atHeight(0)}})
				more := make([]script, rng.IntN(4))
				for i := range more {
					more[i] = script{account: uint32(rng.IntN(3))}
					if rng.IntN(2) == 0 {
						more[i] = script{account: ImportedAccount, born: anyBorn()}
					}
				}
				next = next.grow(more)
			case 2:
				next.scripts = slices.Clone(s.scripts)
				for i := range next.scripts {
					if next.scripts[i].account == ImportedAccount {
						next.scripts[i].born = anyBorn()
					}
				}
			case 3:
				next.accounts[rng.IntN(3)].born = anyBorn()
			case 4:
				next.setDate(uint32(1+rng.IntN(3)), consensus.Height(rng.IntN(60)))
				next.setAnchor(rng.IntN(3), anchor{BlockID: consensus.BlockID{Height: consensus.Height(rng.IntN(60))}})
			}
			s = next
			if got, want := b.first(s), s.firstBirth(0, s.count()); got != want {
				t.Fatalf("seed %d: the first birth of %d scripts is %d, want %d", seed, s.count(), got, want)
			}
		}
	}
}

// BenchmarkStatus is what the state of a wallet with many scripts costs.
func BenchmarkStatus(b *testing.B) {
	w := &Wallet{}
	w.now.Store(&snapshot{scripts: make([]script, 100_000), accounts: []Account{{}}})
	for b.Loop() {
		w.Status()
	}
}
