package match

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
)

// benchEntries is the number of entries of a common filter of the main network.
const benchEntries = 120

// payments returns scripts that pay to key hashes.
func payments(r *rand.Rand, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = randomBytes(r, 25)
	}
	return list
}

// sample is a filter and its key.
type sample struct {
	key  [16]byte
	data []byte
}

// samples returns so many filters that the processor cannot learn what comes when one
// is matched after the other.
func samples(b *testing.B, r *rand.Rand) []sample {
	list := make([]sample, 512)
	for i := range list {
		key := randomKey(r)
		list[i] = sample{key, encode(b, key, payments(r, benchEntries))}
	}
	return list
}

// BenchmarkAny measures filters that do not match, beside what decoding them and
// hashing the scripts take, and beside what gcs/v4 takes.
func BenchmarkAny(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 16))
	list := samples(b, r)
	var m Matcher
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := m.filter.decode(list[i%len(list)].data); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{1, 40, 400, 1000, 4000} {
		scripts := payments(r, n)
		set := NewSet(scripts)
		b.Run(fmt.Sprintf("match/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s := &list[i%len(list)]
				if _, err := m.Any(s.key, s.data, set); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/script")
		})
		b.Run(fmt.Sprintf("gcs/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s := &list[i%len(list)]
				f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, s.data)
				if err != nil {
					b.Fatal(err)
				}
				f.MatchAny(s.key, scripts)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/script")
		})
	}
}
