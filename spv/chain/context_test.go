package chain

import (
	"testing"
)

func TestSimNetChainPasses(t *testing.T) {
	p := SimNet()
	b := grow(t, p, branch{p.Genesis()}, 400, 1, 2, 1, 1, 3)
	batch, err := PrepareHeaders(p, headersPayload(b[1:]))
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch.Headers {
		if got := b[i+1].Hash(); batch.Hashes[i] != got {
			t.Fatalf("hash of header %d: got %v, want %v", i+1, batch.Hashes[i], got)
		}
		h := &batch.Headers[i]
		if err := CheckContext(p, b[:i+1], h, after(h)); err != nil {
			t.Fatal(err)
		}
	}
}
