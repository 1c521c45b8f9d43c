package match

import "encoding/binary"

// Set is a set of scripts prepared for matching. It is immutable.
type Set struct {
	groups []group
	n      int
}

// group holds the scripts that SipHash takes in as the same number of words, as many
// of them side by side as are hashed at a time: the first words of these, then their
// second ones, and so on. Lanes that are left over at the end hold the last script
// again.
type group struct {
	n     int // words of one script, at least one
	lanes int
	words []uint64
}

// NewSet prepares scripts. Filters do not hold empty ones, so these match nothing.
func NewSet(scripts [][]byte) *Set { return newSet(scripts, lanes()) }

// newSet prepares scripts that are hashed so many at a time.
func newSet(scripts [][]byte, lanes int) *Set {
	s := &Set{}
	byWords := make(map[int][][]byte)
	longest := 0
	for _, script := range scripts {
		if len(script) == 0 {
			continue
		}
		n := wordsOf(script)
		byWords[n] = append(byWords[n], script)
		longest = max(longest, n)
		s.n++
	}
	for n := 1; n <= longest; n++ {
		if list := byWords[n]; len(list) > 0 {
			s.groups = append(s.groups, newGroup(n, lanes, list))
		}
	}
	return s
}

// Len returns the number of scripts that can match.
func (s *Set) Len() int { return s.n }

// newGroup prepares scripts of n words each.
func newGroup(n, lanes int, scripts [][]byte) group {
	size := (len(scripts) + lanes - 1) / lanes * lanes
	g := group{n: n, lanes: lanes, words: make([]uint64, 0, size*n)}
	for i := 0; i < size; i += lanes {
		for w := range n {
			for lane := range lanes {
				g.words = append(g.words, wordOf(scripts[min(i+lane, len(scripts)-1)], w))
			}
		}
	}
	return g
}

// wordsOf returns how many words SipHash takes a message in as.
func wordsOf(message []byte) int { return len(message)/8 + 1 }

// wordOf returns a word of a message: eight bytes of it, little-endian, and in the
// last word what is left, with the length of all in the highest byte.
func wordOf(message []byte, w int) uint64 {
	rest := message[8*w:]
	if len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest)
	}
	word := uint64(len(message)) << 56
	for i, b := range rest {
		word |= uint64(b) << (8 * i)
	}
	return word
}
