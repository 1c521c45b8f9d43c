package txrelay

import "github.com/decred/dcrd/chaincfg/chainhash"

// recentHashes remembers the newest hashes.
type recentHashes struct {
	set  map[chainhash.Hash]bool
	ring []chainhash.Hash // the remembered hashes, in the order they were added
	next int              // place of the oldest once the ring is full
}

func newRecentHashes() recentHashes { return recentHashes{set: make(map[chainhash.Hash]bool)} }

func (m *recentHashes) has(hash chainhash.Hash) bool { return m.set[hash] }

// add adds a hash, and forgets the oldest if there are too many.
func (m *recentHashes) add(hash chainhash.Hash) {
	if m.set[hash] {
		return
	}
	m.set[hash] = true
	if len(m.ring) < maxKnown {
		m.ring = append(m.ring, hash)
		return
	}
	delete(m.set, m.ring[m.next])
	m.ring[m.next] = hash
	m.next = (m.next + 1) % maxKnown
}

// remove forgets a hash. Its place in the ring stays taken.
func (m *recentHashes) remove(hash chainhash.Hash) { delete(m.set, hash) }
