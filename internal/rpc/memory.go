package rpc

import "sync"

// Bounds of what messages and replies of all clients take together, in bytes.
const (
	// memoryBytes is for all messages that are read or answered and all replies that
	// were not sent yet.
	memoryBytes = 32 << 20

	// freeBytes of a message are not counted: small calls always find room. As many
	// clients as there may be take less than memoryBytes with them.
	freeBytes = 16 << 10
)

// memory counts the bytes that messages and replies take. One larger than all of it
// finds room when there is nothing else.
type memory struct {
	most int

	mu   sync.Mutex
	held int
}

// take returns false if there is no room for so many bytes.
func (m *memory) take(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held > 0 && m.held+n > m.most {
		return false
	}
	m.held += n
	return true
}

func (m *memory) free(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= n
}

// share is what one message and its reply have taken.
type share struct {
	*memory
	n int
}

// grow takes more, and returns false if there is no room.
func (s *share) grow(n int) bool {
	if !s.take(n) {
		return false
	}
	s.n += n
	return true
}

// end gives all back.
func (s *share) end() {
	s.free(s.n)
	s.n = 0
}
