package testnet

import (
	"encoding/binary"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// index finds a block of a packed run by its hash: an open hash table of block
// numbers plus one, at most half full, with zero for a free slot.
type index struct{ slots []uint32 }

func newIndex(p *packed) index {
	size := 2
	for size < 2*p.len() {
		size *= 2
	}
	x := index{make([]uint32, size)}
	for i := range p.len() {
		at := x.slot(p.hash(i))
		for x.slots[at] != 0 {
			at = (at + 1) & (size - 1)
		}
		x.slots[at] = uint32(i) + 1
	}
	return x
}

// slot returns where the search for a hash begins. The first bytes of a hash
// are as good as random: proof-of-work shows at the other end.
func (x *index) slot(hash *chainhash.Hash) int {
	return int(binary.LittleEndian.Uint32(hash[:])) & (len(x.slots) - 1)
}

// find returns the number of the block with the given hash, or false.
func (x *index) find(p *packed, hash *chainhash.Hash) (int, bool) {
	for at := x.slot(hash); x.slots[at] != 0; at = (at + 1) & (len(x.slots) - 1) {
		if i := int(x.slots[at] - 1); *p.hash(i) == *hash {
			return i, true
		}
	}
	return 0, false
}
