package match

import (
	"math/bits"
	"slices"
)

// Matcher matches filters. The zero value is ready. It is for one goroutine at a
// time.
type Matcher struct {
	filter filter
	hashes [hashed]uint64 // of the scripts that are looked up together
}

// hashed is how many scripts are hashed before their hashes are looked up: few enough
// for the cache that is nearest to the processor.
const hashed = 256

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
			if m.holdsAny(&k, &s.groups[i]) {
				return true, nil
			}
		}
	}
	return false, nil
}

// holdsAny reports whether one of the filter's values is that of a script.
func (m *Matcher) holdsAny(k *sipKey, g *group) bool {
	for words := g.words; len(words) > 0; {
		n := min(len(words)/g.n, len(m.hashes))
		hashes := m.hashes[:n]
		k.hash(hashes, words, g.n, g.lanes)
		if m.filter.holdsOne(hashes) {
			return true
		}
		words = words[n*g.n:]
	}
	return false
}

// holdsOne reports whether one of the values is that of a hash. Eight of them are
// looked up before it is asked whether there is any: a branch that is hardly ever
// taken costs less than eight of them.
func (f *filter) holdsOne(hashes []uint64) bool {
	for len(hashes) >= 8 {
		h := (*[8]uint64)(hashes)
		some := f.maybe(h[0]) | f.maybe(h[1]) | f.maybe(h[2]) | f.maybe(h[3]) |
			f.maybe(h[4]) | f.maybe(h[5]) | f.maybe(h[6]) | f.maybe(h[7])
		if some&1 != 0 && slices.ContainsFunc(h[:], f.holds) {
			return true
		}
		hashes = hashes[8:]
	}
	return slices.ContainsFunc(hashes, f.holds)
}

// maybe returns an even number if nothing has the value of a hash.
func (f *filter) maybe(hash uint64) uint64 {
	bit := hash >> (f.shift & 63)
	return f.bitmap[bit/64] >> (bit % 64)
}

// holds reports whether there is the value of a hash: the hash as a fraction of
// 2^64, times what values are below (the reduction of gcs/v4).
func (f *filter) holds(hash uint64) bool {
	if f.maybe(hash)&1 == 0 {
		return false
	}
	v, _ := bits.Mul64(hash, f.size)
	_, found := slices.BinarySearch(f.values, v)
	return found
}
