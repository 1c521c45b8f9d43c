//go:build !amd64

package match

// lanes returns how many scripts are hashed at a time.
func lanes() int { return pairs }

// hash hashes messages of n words each, two side by side, and fills out with the
// hashes, whose number is even.
func (k *sipKey) hash(out, words []uint64, n, _ int) { k.hashPairs(out, words, n) }
