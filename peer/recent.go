package peer

import "github.com/decred/dcrd/chaincfg/chainhash"

// memory remembers the newest hashes.
type memory struct {
	set  map[chainhash.Hash]bool
	ring []chainhash.Hash // as many as are remembered, in the order they came
	next int              // place of the oldest once the ring is full
	most int
}

func newMemory(most int) memory { return memory{set: make(map[chainhash.Hash]bool), most: most} }

func (m *memory) has(hash chainhash.Hash) bool { return m.set[hash] }

// add remembers a hash, and forgets the oldest if there are too many.
func (m *memory) add(hash chainhash.Hash) {
	if m.set[hash] {
		return
	}
	m.set[hash] = true
	if len(m.ring) < m.most {
		m.ring = append(m.ring, hash)
		return
	}
	delete(m.set, m.ring[m.next])
	m.ring[m.next] = hash
	m.next = (m.next + 1) % m.most
}

// remove forgets a hash. Its place in the ring stays taken.
func (m *memory) remove(hash chainhash.Hash) { delete(m.set, hash) }
