package store

import (
	"math/rand/v2"
	"testing"
)

// Wherever a scan is, what follows was asked for, and no part twice in a row.
func TestReadAhead(t *testing.T) {
	r := newRand(100)
	var from, end int64 // what was asked for since the last jump
	var asked int64
	a := ReadAhead{ask: func(at, n int64) {
		if at != end {
			from = at
		}
		end = at + n
		asked += n
	}}
	offset, scanned := int64(0), int64(0)
	for range 20_000 {
		if r.IntN(2000) == 0 {
			offset = int64(r.IntN(1 << 30))
		}
		a.at(offset)
		if offset < from || offset+aheadBytes/2 > end {
			t.Fatalf("at %d, asked for %d to %d", offset, from, end)
		}
		step := int64(r.IntN(40_000))
		offset += step
		scanned += step
	}
	if asked > scanned+20*aheadBytes {
		t.Errorf("asked for %d bytes in a scan of %d", asked, scanned)
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
