package match

import "encoding/binary"

// Set is a set of scripts prepared for matching. It is immutable.
type Set struct {
	groups []group
	n      int
}

// group holds the scripts that SipHash takes in as the same number of words, two
// by two: the words of each pair in turns. Without a partner the last script is
// its own.
type group struct {
	words int // of one script, at least one
	pairs []uint64
}

// NewSet prepares scripts. Filters do not hold empty ones, so these match nothing.
func NewSet(scripts [][]byte) *Set {
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
			s.groups = append(s.groups, newGroup(n, list))
		}
	}
	return s
}

// Len returns the number of scripts that can match.
func (s *Set) Len() int { return s.n }

// newGroup prepares scripts of n words each.
func newGroup(n int, scripts [][]byte) group {
	g := group{words: n, pairs: make([]uint64, 0, (len(scripts)+1)/2*2*n)}
	for i := 0; i < len(scripts); i += 2 {
		a, b := scripts[i], scripts[min(i+1, len(scripts)-1)]
		for w := range n {
			g.pairs = append(g.pairs, wordOf(a, w), wordOf(b, w))
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
