package match

import "golang.org/x/sys/cpu"

// eights is how many messages sipEights hashes at a time.
const eights = 8

// lanes returns how many scripts this machine hashes at a time.
func lanes() int {
	if cpu.X86.HasAVX2 {
		return eights
	}
	return pairs
}

// hash hashes messages of n words each, which lie side by side in as many lanes, and
// fills out with the hashes, whose number is a multiple of the lanes.
func (k *sipKey) hash(out, words []uint64, n, lanes int) {
	if lanes == eights {
		sipEights(out, words[:n*len(out)], n, k)
		return
	}
	k.hashPairs(out, words, n)
}

// sipEights hashes eight messages of n words at a time, as hash does. It needs AVX2,
// n of at least one, and n words for each hash of out, whose number is a multiple of
// eight.
//
//go:noescape
func sipEights(out, words []uint64, n int, k *sipKey)
