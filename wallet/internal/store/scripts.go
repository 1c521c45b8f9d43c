package store

import (
	"sync"

	"github.com/spvd/spvd/wallet/internal/state"
)

// scripts finds the numbers of scripts by their bytes. Only the holder of the turn of the
// store changes it.
type scripts struct {
	mu      sync.RWMutex // held for a lookup or an insertion, nothing else
	numbers map[string]uint32
}

// install adds the scripts of a snapshot that are new. One with fewer replaces all.
func (s *scripts) install(list []state.Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.numbers) > len(list) || s.numbers == nil {
		s.numbers = make(map[string]uint32, len(list))
	}
	for n := len(s.numbers); n < len(list); n++ {
		s.numbers[string(list[n].Pay)] = uint32(n)
	}
}

// find returns the number of a payment script.
func (s *scripts) find(pay []byte) (uint32, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.numbers[string(pay)]
	return n, ok
}
