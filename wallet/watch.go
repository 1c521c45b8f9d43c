package wallet

import (
	"sync"
	"sync/atomic"

	"github.com/spvd/spvd/wallet/internal/state"
)

// watch is the memory of a wallet: the newest snapshot, and the numbers of the
// scripts by their bytes. Only who holds the wallet's turn changes it.
type watch struct {
	now  atomic.Pointer[state.Snapshot]
	next atomic.Pointer[state.Snapshot] // about to be committed, or installed since

	mu      sync.RWMutex // held for a lookup or an insertion, nothing else
	numbers map[string]uint32

	births state.Births // of now
}

// install makes a snapshot the newest one.
func (w *watch) install(s *state.Snapshot) {
	w.mu.Lock()
	if len(w.numbers) > len(s.Scripts) || w.numbers == nil {
		w.numbers = make(map[string]uint32, len(s.Scripts))
	}
	for n := len(w.numbers); n < len(s.Scripts); n++ {
		w.numbers[string(s.Scripts[n].Pay)] = uint32(n)
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
