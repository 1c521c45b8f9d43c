package match

import (
	"math/bits"
	"slices"
)

// Matcher matches filters. The zero value is ready. It is for one goroutine at a
// time.
type Matcher struct {
	filter filter
}

// Any reports whether a filter matches any script of the sets. The key is that of
// the filter's block, the filter what its block commits to, byte for byte; an empty
// one matches nothing. The error, which wraps ErrMalformed, says that it cannot be
// told.
func (m *Matcher) Any(key [16]byte, data []byte, sets ...*Set) (bool, error) {
	f := &m.filter
	if err := f.decode(data); err != nil {
		return false, err
	}
	if len(f.values) == 0 {
		return false, nil
	}
	k := newSipKey(&key)
	for _, s := range sets {
		for i := range s.groups {
			if f.holdsAny(&k, &s.groups[i]) {
				return true, nil
			}
		}
	}
	return false, nil
}

// holdsAny reports whether one of the values is that of a script.
func (f *filter) holdsAny(k *sipKey, g *group) bool {
	stride := 2 * g.words
	for pairs := g.pairs; len(pairs) >= stride; pairs = pairs[stride:] {
		hashA, hashB := k.pair(pairs[:stride])
		if f.maybe(hashA)|f.maybe(hashB) != 0 && (f.holds(hashA) || f.holds(hashB)) {
			return true
		}
	}
	return false
}

// maybe returns zero if nothing has the value of a hash.
func (f *filter) maybe(hash uint64) uint64 {
	bit := hash >> (f.shift & 63)
	return f.bitmap[bit/64] >> (bit % 64) & 1
}

// holds reports whether there is the value of a hash: the hash as a fraction of
// 2^64, times what values are below (the reduction of gcs/v4).
func (f *filter) holds(hash uint64) bool {
	v, _ := bits.Mul64(hash, f.size)
	_, found := slices.BinarySearch(f.values, v)
	return found
}
