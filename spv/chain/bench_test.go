package chain

import (
	"testing"
)

// BenchmarkPrepareHeaders measures full headers messages; ns/header is what
// one header costs, both hashes included.
func BenchmarkPrepareHeaders(b *testing.B) {
	p := SimNet()
	headers := grow(b, p, branch{p.Genesis()}, 2000, 1)[1:]
	payload := headersPayload(headers)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := PrepareHeaders(p, payload); err != nil {
			b.Fatal(err)
		}
	}
	perHeader(b, len(headers))
}

// BenchmarkCheckContext measures the sequential rules on every header of a
// chain, window boundaries included.
func BenchmarkCheckContext(b *testing.B) {
	p := SimNet()
	chain := grow(b, p, branch{p.Genesis()}, 4000, 1)
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
	perHeader(b, len(chain)-1)
}

func perHeader(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/header")
}
