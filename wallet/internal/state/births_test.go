package state

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

// TestPropertyTheFirstBirthIsRemembered compares the birthday that is remembered with that
// of a look at each script, over snapshots as transactions make them.
func TestPropertyTheFirstBirthIsRemembered(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		anyBorn := func() birthday.Born {
			b := birthday.Born{Height: consensus.Height(rng.IntN(50))}
			if rng.IntN(2) == 0 {
				b.Height = birthday.Unborn
			}
			b.After, b.Date = uint32(rng.IntN(4)), uint32(rng.IntN(4))
			return b
		}
		var b Births
		s := &Snapshot{}
		for i := range 3 {
			s.Birthdays.Anchors = append(s.Birthdays.Anchors, birthday.Anchor{BlockID: consensus.BlockID{Height: consensus.Height(20 + i)}})
			s.Birthdays.Dates = append(s.Birthdays.Dates, birthday.Dated{Date: uint32(i + 1), First: consensus.Height(30 + i)})
			s.Accounts = append(s.Accounts, Account{Number: uint32(i), Born: anyBorn()})
		}
		for range 40 {
			next := s.WithAccounts()
			switch rng.IntN(5) {
			case 0, 1: // a transaction that is given up leaves scripts behind the end
				_ = s.Grow([]Script{{Account: ImportedAccount, Born: birthday.AtHeight(0)}})
				more := make([]Script, rng.IntN(4))
				for i := range more {
					more[i] = Script{Account: uint32(rng.IntN(3))}
					if rng.IntN(2) == 0 {
						more[i] = Script{Account: ImportedAccount, Born: anyBorn()}
					}
				}
				next = next.Grow(more)
			case 2:
				next.Scripts = slices.Clone(s.Scripts)
				for i := range next.Scripts {
					if next.Scripts[i].Account == ImportedAccount {
						next.Scripts[i].Born = anyBorn()
					}
				}
			case 3:
				next.Accounts[rng.IntN(3)].Born = anyBorn()
			case 4:
				next.Birthdays.SetDate(uint32(1+rng.IntN(3)), consensus.Height(rng.IntN(60)))
				next.Birthdays.SetAnchor(rng.IntN(3), birthday.Anchor{BlockID: consensus.BlockID{Height: consensus.Height(rng.IntN(60))}})
			}
			s = next
			if got, want := b.First(s), s.firstBirth(0, s.Count()); got != want {
				t.Fatalf("seed %d: the first birth of %d scripts is %d, want %d", seed, s.Count(), got, want)
			}
		}
	}
}

// BenchmarkFirstBirth is what the first birthday of a wallet with many scripts costs.
func BenchmarkFirstBirth(b *testing.B) {
	var births Births
	s := &Snapshot{Scripts: make([]Script, 100_000), Accounts: []Account{{}}}
	for b.Loop() {
		births.First(s)
	}
}
