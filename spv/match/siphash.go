package match

import (
	"encoding/binary"
	"math/bits"
)

// The initial state of SipHash-2-4, before the key.
const (
	sip0 = 0x736f6d6570736575
	sip1 = 0x646f72616e646f6d
	sip2 = 0x6c7967656e657261
	sip3 = 0x7465646279746573
)

// sipKey is the initial state under a key.
type sipKey struct{ v0, v1, v2, v3 uint64 }

func newSipKey(key *[16]byte) sipKey {
	k0, k1 := binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
	return sipKey{sip0 ^ k0, sip1 ^ k1, sip2 ^ k0, sip3 ^ k1}
}

// pairs is how many messages hashPairs hashes at a time.
const pairs = 2

// hashPairs fills out with the hashes of messages of n words each, two of which lie
// side by side.
func (k *sipKey) hashPairs(out, words []uint64, n int) {
	for ; len(out) >= pairs; out, words = out[pairs:], words[pairs*n:] {
		out[0], out[1] = k.pair(words[:pairs*n])
	}
}

// pair returns SipHash-2-4 of two messages, whose words it takes in turns. Their
// rounds do not wait for each other, which is why two take less than twice as long
// as one. The rounds are written out because loops cost registers that there are
// none of.
func (k *sipKey) pair(words []uint64) (uint64, uint64) {
	a0, a1, a2, a3 := k.v0, k.v1, k.v2, k.v3
	b0, b1, b2, b3 := a0, a1, a2, a3
	for len(words) >= 2 {
		a3, b3 = a3^words[0], b3^words[1]

		a0, b0 = a0+a1, b0+b1
		a2, b2 = a2+a3, b2+b3
		a1, b1 = bits.RotateLeft64(a1, 13)^a0, bits.RotateLeft64(b1, 13)^b0
		a3, b3 = bits.RotateLeft64(a3, 16)^a2, bits.RotateLeft64(b3, 16)^b2
		a0, b0 = bits.RotateLeft64(a0, 32)+a3, bits.RotateLeft64(b0, 32)+b3
		a2, b2 = a2+a1, b2+b1
		a3, b3 = bits.RotateLeft64(a3, 21)^a0, bits.RotateLeft64(b3, 21)^b0
		a1, b1 = bits.RotateLeft64(a1, 17)^a2, bits.RotateLeft64(b1, 17)^b2
		a2, b2 = bits.RotateLeft64(a2, 32), bits.RotateLeft64(b2, 32)

		a0, b0 = a0+a1, b0+b1
		a2, b2 = a2+a3, b2+b3
		a1, b1 = bits.RotateLeft64(a1, 13)^a0, bits.RotateLeft64(b1, 13)^b0
		a3, b3 = bits.RotateLeft64(a3, 16)^a2, bits.RotateLeft64(b3, 16)^b2
		a0, b0 = bits.RotateLeft64(a0, 32)+a3, bits.RotateLeft64(b0, 32)+b3
		a2, b2 = a2+a1, b2+b1
		a3, b3 = bits.RotateLeft64(a3, 21)^a0, bits.RotateLeft64(b3, 21)^b0
		a1, b1 = bits.RotateLeft64(a1, 17)^a2, bits.RotateLeft64(b1, 17)^b2
		a2, b2 = bits.RotateLeft64(a2, 32), bits.RotateLeft64(b2, 32)

		a0, b0 = a0^words[0], b0^words[1]
		words = words[2:]
	}
	a2, b2 = a2^0xff, b2^0xff
	for range 2 {
		a0, b0 = a0+a1, b0+b1
		a2, b2 = a2+a3, b2+b3
		a1, b1 = bits.RotateLeft64(a1, 13)^a0, bits.RotateLeft64(b1, 13)^b0
		a3, b3 = bits.RotateLeft64(a3, 16)^a2, bits.RotateLeft64(b3, 16)^b2
		a0, b0 = bits.RotateLeft64(a0, 32)+a3, bits.RotateLeft64(b0, 32)+b3
		a2, b2 = a2+a1, b2+b1
		a3, b3 = bits.RotateLeft64(a3, 21)^a0, bits.RotateLeft64(b3, 21)^b0
		a1, b1 = bits.RotateLeft64(a1, 17)^a2, bits.RotateLeft64(b1, 17)^b2
		a2, b2 = bits.RotateLeft64(a2, 32), bits.RotateLeft64(b2, 32)

		a0, b0 = a0+a1, b0+b1
		a2, b2 = a2+a3, b2+b3
		a1, b1 = bits.RotateLeft64(a1, 13)^a0, bits.RotateLeft64(b1, 13)^b0
		a3, b3 = bits.RotateLeft64(a3, 16)^a2, bits.RotateLeft64(b3, 16)^b2
		a0, b0 = bits.RotateLeft64(a0, 32)+a3, bits.RotateLeft64(b0, 32)+b3
		a2, b2 = a2+a1, b2+b1
		a3, b3 = bits.RotateLeft64(a3, 21)^a0, bits.RotateLeft64(b3, 21)^b0
		a1, b1 = bits.RotateLeft64(a1, 17)^a2, bits.RotateLeft64(b1, 17)^b2
		a2, b2 = bits.RotateLeft64(a2, 32), bits.RotateLeft64(b2, 32)
	}
	return a0 ^ a1 ^ a2 ^ a3, b0 ^ b1 ^ b2 ^ b3
}
