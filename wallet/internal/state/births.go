package state

import (
	"slices"
	"sync"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

// Births remembers which birthdays the scripts of the newest snapshot have, so that the
// first of them is known without a look at each of, perhaps, 100,000 scripts. It is only
// asked for snapshots that are installed: the scripts of these never change.
type Births struct {
	mu       sync.Mutex
	seen     []Script // whose birthdays are in the fields below
	height   consensus.Height
	anchors  []uint32 // the numbers of anchors, without repetitions
	dates    []uint32 // without repetitions
	accounts []uint32 // of derived scripts: the first of each are as old as the account
}

// First returns the lowest birth of all scripts of an installed snapshot, or unborn
// without any.
func (b *Births) First(s *Snapshot) consensus.Height {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookLocked(s.Scripts)
	low := b.height
	for _, n := range b.anchors {
		low = min(low, s.Birthdays.Anchors[n-1].Height+1)
	}
	for _, d := range b.dates {
		low = min(low, s.Birthdays.Date(d))
	}
	for _, n := range b.accounts {
		low = min(low, s.Birthdays.At(s.Accounts[n].Born))
	}
	return max(1, low)
}

// lookLocked takes over the birthdays of scripts that were not seen yet: of those that were
// added to the ones that were, or of all of another list.
func (b *Births) lookLocked(scripts []Script) {
	if n := len(b.seen); n > len(scripts) || n > 0 && &b.seen[0] != &scripts[0] || n == 0 {
		b.seen, b.height = nil, birthday.Unborn
		b.anchors, b.dates, b.accounts = nil, nil, nil
	}
	for i := len(b.seen); i < len(scripts); i++ {
		sc := &scripts[i]
		if sc.Account != ImportedAccount {
			b.accounts = with(b.accounts, sc.Account)
			continue
		}
		b.height = min(b.height, sc.Born.Height)
		if sc.Born.After != 0 {
			b.anchors = with(b.anchors, sc.Born.After)
		}
		if sc.Born.Date != 0 {
			b.dates = with(b.dates, sc.Born.Date)
		}
	}
	b.seen = scripts
}

// with returns a sorted list with a number in it.
func with(list []uint32, n uint32) []uint32 {
	at, there := slices.BinarySearch(list, n)
	if there {
		return list
	}
	return slices.Insert(list, at, n)
}
