package wallet

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
)

// snapshot is what a wallet keeps in memory of its file. It is immutable: each
// change installs a new one. Its scripts share their memory with those of
// older snapshots, of which they are a longer version.
type snapshot struct {
	progress
	id       int          // of the file transaction that stored it
	blocks   []block      // in height order, the genesis block first
	accounts []Account    // by number
	scripts  []script     // by number
	pays     [][]byte     // the payment scripts of scripts
	jobs     []job        // by number
	pool     *ledger.Pool // the unmined transactions
	anchors  []anchor     // by number, from one on
	dates    []dated      // of birthdays, in no order

	forgetting forgetting

	scannedRanges []scannedRange // by number
	late          []uint32       // see found, in order

	// changes is counted up by each transaction that is stored. It is not stored.
	changes uint64

	// full says that a window could not grow because there are too many scripts. It
	// is not stored.
	full bool

	// imports is counted up each time scripts are added that may have been paid before,
	// see Imports. It is not stored.
	imports uint64

	// waiting says that there are unmined transactions. It follows from their rows.
	waiting bool

	// complete says that the chain ended with the tip when that was applied. It is
	// not stored.
	complete bool
}

// birth returns the first height at which payments to a script count, or
// unborn. The genesis block pays nobody.
func (s *snapshot) birth(number uint32) consensus.Height {
	sc := &s.scripts[number]
	if sc.account == ImportedAccount {
		return max(1, s.bornAt(sc.born))
	}
	at := max(1, s.bornAt(s.accounts[sc.account].born))
	if sc.own() {
		at = max(at, s.bornAt(sc.born))
	}
	return at
}

// firstBirth returns the lowest birth of the scripts with numbers in [from, to),
// or unborn without any.
func (s *snapshot) firstBirth(from, to uint32) consensus.Height {
	low := unborn
	for n := from; n < to; n++ {
		low = min(low, s.birth(n))
	}
	return low
}

// concerned returns the first script that new blocks up to a height have to be matched
// against: none as long as nobody is born and nothing waits for a block, everyone
// otherwise.
func (s *snapshot) concerned(h consensus.Height) uint32 {
	return s.concerning(s.firstBirth(0, s.count()), h)
}

// concerning is concerned with the lowest birth of all scripts.
func (s *snapshot) concerning(first, h consensus.Height) uint32 {
	if first > h && !s.waiting {
		return none
	}
	return everyone
}

// count returns the number of watched scripts.
func (s *snapshot) count() uint32 { return uint32(len(s.scripts)) }

// account returns the account of a name.
func (s *snapshot) account(name string) (*Account, bool) {
	i := slices.IndexFunc(s.accounts, func(a Account) bool { return a.Name == name })
	if i < 0 {
		return nil, false
	}
	return &s.accounts[i], true
}

// accountName returns the name of an account number.
func (s *snapshot) accountName(number uint32) string {
	if number == ImportedAccount {
		return ImportedName
	}
	return s.accounts[number].Name
}

// watch is the memory of a wallet: the newest snapshot, and the numbers of the
// scripts by their bytes. Only who holds the wallet's turn changes it.
type watch struct {
	now  atomic.Pointer[snapshot]
	next atomic.Pointer[snapshot] // about to be committed, or installed since

	mu      sync.RWMutex // held for a lookup or an insertion, nothing else
	numbers map[string]uint32

	births births // of now
}

// install makes a snapshot the newest one.
func (w *watch) install(s *snapshot) {
	w.mu.Lock()
	if len(w.numbers) > len(s.scripts) || w.numbers == nil {
		w.numbers = make(map[string]uint32, len(s.scripts))
	}
	for n := len(w.numbers); n < len(s.scripts); n++ {
		w.numbers[string(s.scripts[n].pay)] = uint32(n)
	}
	w.mu.Unlock()
	w.now.Store(s)
}

// find returns the number of a payment script, which may be newer than a
// snapshot taken before.
func (w *watch) find(pay []byte) (uint32, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	n, ok := w.numbers[string(pay)]
	return n, ok
}

// grow returns a copy of a snapshot that watches more scripts. Only the newest
// snapshot may be grown, by who holds the turn: what is appended lies behind
// the end of every installed one.
func (s *snapshot) grow(more []script) *snapshot {
	next := *s
	next.scripts = append(s.scripts, more...)
	for i := range more {
		next.pays = append(next.pays, more[i].pay)
	}
	return &next
}
