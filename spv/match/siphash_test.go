package match

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/dchest/siphash"
)

// ways returns in how many lanes scripts may be hashed: as on all machines, and as on
// this one.
func ways() []int {
	if lanes() == pairs {
		return []int{pairs}
	}
	return []int{pairs, lanes()}
}

// TestHashes holds that scripts have the hashes of SipHash-2-4, whatever their length,
// their number and the key, and that nothing else is written.
func TestHashes(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for _, lanes := range ways() {
		for size := 1; size < 96; size++ {
			for n := range 40 {
				key, scripts := randomKey(r), make([][]byte, n+1)
				for i := range scripts {
					scripts[i] = randomBytes(r, size)
				}
				checkHashes(t, key, scripts, lanes)
			}
		}
	}
}

// checkHashes compares the hashes of scripts of one length.
func checkHashes(t *testing.T, key [16]byte, scripts [][]byte, lanes int) {
	t.Helper()
	g := newSet(scripts, lanes).groups[0]
	n := len(g.words) / g.n
	if n < len(scripts) || n >= len(scripts)+lanes {
		t.Fatalf("%d scripts take %d places in %d lanes", len(scripts), n, lanes)
	}
	const guard = 0x5a5a5a5a5a5a5a5a
	out := make([]uint64, n+lanes)
	for i := range out {
		out[i] = guard
	}
	k := newSipKey(&key)
	k.hash(out[:n], g.words, g.n, lanes)
	k0, k1 := binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
	for i, hash := range out {
		want := uint64(guard)
		if i < n {
			want = siphash.Hash(k0, k1, scripts[min(i, len(scripts)-1)])
		}
		if hash != want {
			t.Fatalf("script %d of %d with %d bytes, %d lanes: got %x, want %x", i, len(scripts), len(scripts[0]), lanes, hash, want)
		}
	}
}

// TestEveryScriptIsLookedUp holds that no script of a set is overlooked, wherever it
// is among others of its length.
func TestEveryScriptIsLookedUp(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	key := randomKey(r)
	var m Matcher
	for _, n := range []int{1, 2, 3, 7, 8, 9, 17, hashed - 1, hashed, hashed + 1, 2*hashed + 5} {
		scripts := payments(r, n)
		for _, lanes := range ways() {
			set := newSet(scripts, lanes)
			for i, s := range scripts {
				if hit, err := m.Any(key, encode(t, key, [][]byte{s}), set); err != nil || !hit {
					t.Fatalf("script %d of %d in %d lanes: %v, %v", i, n, lanes, hit, err)
				}
			}
		}
	}
}

// BenchmarkHash measures hashing scripts of the usual length, in each way.
func BenchmarkHash(b *testing.B) {
	r := rand.New(rand.NewPCG(21, 22))
	key := randomKey(r)
	k := newSipKey(&key)
	for _, lanes := range ways() {
		words, out := newSet(payments(r, hashed), lanes).groups[0].words, make([]uint64, hashed)
		b.Run(map[bool]string{true: "pairs", false: "lanes"}[lanes == pairs], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.hash(out, words, len(words)/hashed, lanes)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/hashed, "ns/script")
		})
	}
}
