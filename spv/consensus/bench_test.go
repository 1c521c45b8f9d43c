package consensus

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkPrepareHeaders measures full headers messages. Beside it stands
// what their hashes alone take.
func BenchmarkPrepareHeaders(b *testing.B) {
	p := SimNet()
	headers := grow(b, p, branch{p.Genesis()}, 2000, 1)[1:]
	payload := headersPayload(headers)
	b.Run("prepare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := PrepareHeaders(p, payload); err != nil {
				b.Fatal(err)
			}
		}
		per(b, len(headers), "header")
	})
	b.Run("hashes", func(b *testing.B) {
		var sum byte
		for b.Loop() {
			for i := range headers {
				hash, pow := headers[i].Hash(), headers[i].PowHashV2()
				sum ^= hash[0] ^ pow[0]
			}
		}
		per(b, len(headers), "header")
	})
}

// BenchmarkProveFilters measures full batches of filters of common sizes.
func BenchmarkProveFilters(b *testing.B) {
	p := SimNet()
	c := filterMessage(rand.New(rand.NewPCG(35, 36)), 1, 100, 1)
	payload := c.payload(b)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ProveFilters(p, c.targets, payload); err != nil {
			b.Fatal(err)
		}
	}
	per(b, len(c.targets), "filter")
}

// BenchmarkCheckContext measures the sequential rules on every header of a
// chain, window boundaries included.
func BenchmarkCheckContext(b *testing.B) {
	for _, p := range []*Params{SimNet(), TestNet3(), MainNet()} {
		b.Run(p.ChainParams.Name, func(b *testing.B) {
			chain := unsolved(p, 6000, int64(p.ChainParams.TargetTimePerBlock.Seconds()))
			now := after(chain.tip())
			var a Ancestors = chain
			b.ReportAllocs()
			for b.Loop() {
				for i := range chain[1:] {
					if err := CheckContext(p, a, &chain[i+1], now); err != nil {
						b.Fatal(err)
					}
				}
			}
			per(b, len(chain)-1, "header")
		})
	}
}

func per(b *testing.B, n int, what string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+what)
}
