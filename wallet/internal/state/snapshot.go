package state

import (
	"slices"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// Snapshot is what a wallet keeps in memory of its file. It is immutable: each
// change installs a new one. Its scripts share their memory with those of
// older snapshots, of which they are a longer version.
type Snapshot struct {
	Progress
	ID        int                // of the file transaction that stored it
	Blocks    []remembered.Block // in height order, the genesis block first
	Accounts  []Account          // by number
	Scripts   []Script           // by number
	Pays      [][]byte           // the payment scripts of scripts
	Jobs      []Job              // by number
	Pool      *ledger.Pool       // the unmined transactions
	Birthdays birthday.Table     // what birthdays refer to

	Forgetting Forgetting

	ScannedRanges []scannedRange // by number
	Late          []uint32       // see found, in order

	// Changes is counted up by each transaction that is stored. It is not stored.
	Changes uint64

	// Rewinds are the newest changes that made the cursor go back, the oldest first. They are
	// not stored.
	Rewinds []Rewind

	// Full says that a window could not grow because there are too many scripts. It
	// is not stored.
	Full bool

	// Imports is counted up each time scripts are added that may have been paid before,
	// see Imports. It is not stored.
	Imports uint64

	// Waiting is the lowest height of a block that may hold an unmined transaction, unborn
	// without any.
	Waiting consensus.Height

	// Complete says that the chain ended with the tip when that was applied. It is
	// not stored.
	Complete bool
}

// Birth returns the first height at which payments to a script count, or
// unborn. The genesis block has no outputs to a wallet.
func (s *Snapshot) Birth(number uint32) consensus.Height {
	sc := &s.Scripts[number]
	if sc.Account == ImportedAccount {
		return max(1, s.Birthdays.At(sc.Born))
	}
	at := max(1, s.Birthdays.At(s.Accounts[sc.Account].Born))
	if sc.Own() {
		at = max(at, s.Birthdays.At(sc.Born))
	}
	return at
}

// firstBirth returns the lowest birth of the scripts with numbers in [from, to),
// or unborn without any.
func (s *Snapshot) firstBirth(from, to uint32) consensus.Height {
	low := birthday.Unborn
	for n := from; n < to; n++ {
		low = min(low, s.Birth(n))
	}
	return low
}

// concerned returns the first script that new blocks up to a height have to be matched
// against: all scripts once one of them is born or an unmined transaction may be in a block,
// and none before that.
func (s *Snapshot) concerned(h consensus.Height) uint32 {
	return s.Concerning(s.firstBirth(0, s.Count()), h)
}

// Concerning is concerned with the lowest birth of all scripts.
func (s *Snapshot) Concerning(first, h consensus.Height) uint32 {
	if min(first, s.Waiting) > h {
		return NoScripts
	}
	return AllScripts
}

// Count returns the number of watched scripts.
func (s *Snapshot) Count() uint32 { return uint32(len(s.Scripts)) }

// Account returns the account of a name.
func (s *Snapshot) Account(name string) (*Account, bool) {
	i := slices.IndexFunc(s.Accounts, func(a Account) bool { return a.Name == name })
	if i < 0 {
		return nil, false
	}
	return &s.Accounts[i], true
}

// AccountName returns the name of an account number.
func (s *Snapshot) AccountName(number uint32) string {
	if number == ImportedAccount {
		return ImportedName
	}
	return s.Accounts[number].Name
}

// Grow returns a copy of a snapshot that watches more scripts. Only the newest
// snapshot may be grown, by the goroutine that holds the turn: what is appended lies behind
// the end of every installed one.
func (s *Snapshot) Grow(more []Script) *Snapshot {
	next := *s
	next.Scripts = append(s.Scripts, more...)
	for i := range more {
		next.Pays = append(next.Pays, more[i].Pay)
	}
	return &next
}
