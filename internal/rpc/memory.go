package rpc

import "sync"

// Limits on the memory of the messages and replies of all clients together, in bytes.
const (
	// memoryBytes is for all messages that are read or answered and all replies that were not
	// sent yet.
	memoryBytes = 32 << 20

	// freeBytes of each message are not counted, so that small calls always find room. At the
	// limit of clients they are less than memoryBytes together.
	freeBytes = 16 << 10

	// mostValues is how many values a message may hold, lists and objects included: twice as many
	// as addresses fit into one.
	mostValues = 1 << 18

	// valueBytes is what a value needs once it is decoded, without the bytes that it has in the
	// message: a place in a list, or a member with its name.
	valueBytes = 64
)

// memory counts the bytes of messages and replies. A message larger than all of it finds room
// when there is no other. Restricted clients have half of it together, as of places.
type memory struct {
	most int

	mu         sync.Mutex
	held       int
	restricted int // bytes of held
}

// take returns false if there is no room for so many bytes.
func (m *memory) take(n int, restricted bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held > 0 && m.held+n > m.most || restricted && m.restricted > 0 && m.restricted+n > m.most/2 {
		return false
	}
	m.held += n
	if restricted {
		m.restricted += n
	}
	return true
}

func (m *memory) free(n int, restricted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= n
	if restricted {
		m.restricted -= n
	}
}

// share is the memory of one message and its reply.
type share struct {
	*memory
	restricted bool // of a client that may not make all calls
	n          int
}

// grow reserves more, and returns false if there is no room.
func (s *share) grow(n int) bool {
	if !s.take(n, s.restricted) {
		return false
	}
	s.n += n
	return true
}

// end releases all of it.
func (s *share) end() {
	s.free(s.n, s.restricted)
	s.n = 0
}
