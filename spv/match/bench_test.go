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
		list[i] = make([]byte, 25)
		for j := range list[i] {
			list[i][j] = byte(r.Uint32())
		}
	}
	return list
}

// BenchmarkAny measures a filter that does not match, beside what decoding it and
// hashing the scripts take, and beside what gcs/v4 takes.
func BenchmarkAny(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 16))
	key := randomKey(r)
	data := encode(b, key, payments(r, benchEntries))
	var m Matcher
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := m.filter.decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{1, 40, 400, 1000, 4000} {
		scripts := payments(r, n)
		set := NewSet(scripts)
		b.Run(fmt.Sprintf("match/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Any(key, data, set); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/script")
		})
		b.Run(fmt.Sprintf("gcs/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, data)
				if err != nil {
					b.Fatal(err)
				}
				f.MatchAny(key, scripts)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/script")
		})
	}
}
