package rpc

import "sync"

// keptReadings is how many lists are kept for others at most.
const keptReadings = 16

// readings are lists that were read for one client and are the same for others at
// the same place, as long as the news are the newest.
type readings struct {
	mu    sync.Mutex // guards lists
	lists map[string][]happening
}

// list returns the list of a key, which is read if nobody has read it yet.
func (s *readings) list(key string, read func() ([]happening, error)) ([]happening, error) {
	if list, ok := s.get(key); ok {
		return list, nil
	}
	list, err := read()
	if err == nil {
		s.set(key, list)
	}
	return list, err
}

func (s *readings) get(key string) ([]happening, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, ok := s.lists[key]
	return list, ok
}

func (s *readings) set(key string, list []happening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lists == nil {
		s.lists = make(map[string][]happening)
	}
	if len(s.lists) < keptReadings {
		s.lists[key] = list
	}
}
