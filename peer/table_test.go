package peer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// ask adds a request of a kind for the blocks a to b; for headers a is the locator.
func (t *table) ask(k kind, a, b byte, now time.Time) *request {
	r := newRequest(k)
	r.sent = now
	if k == getHeaders {
		r.locator = []chainhash.Hash{{a}, {b}}
	} else {
		r.first, r.last = chainhash.Hash{a}, chainhash.Hash{b}
	}
	if !t.add(r) {
		return nil
	}
	return r
}

func about(a, b byte) shape {
	return shape{n: 1, first: chainhash.Hash{a}, last: chainhash.Hash{b}}
}

// TestTableMatch checks the cases of finding the request for a reply.
func TestTableMatch(t *testing.T) {
	now := time.Now()
	var tb table
	filters := tb.ask(getCFilters, 1, 5, now)
	again := tb.ask(getCFilters, 1, 5, now)
	other := tb.ask(getCFilters, 1, 6, now)
	block := tb.ask(getBlock, 1, 1, now)
	first := tb.ask(getHeaders, 1, 2, now)
	second := tb.ask(getHeaders, 2, 3, now)
	filters.abandoned, first.abandoned = true, true

	for _, tc := range []struct {
		name string
		k    kind
		s    shape
		want *request
	}{
		{"other blocks", getCFilters, about(2, 5), nil},
		{"other kind", getCFilter, about(1, 1), nil},
		{"waiting before abandoned", getCFilters, about(1, 5), again},
		{"abandoned if no other is open", getCFilters, about(1, 5), filters},
		{"none left", getCFilters, about(1, 5), nil},
		{"last differs", getCFilters, about(1, 6), other},
		{"block", getBlock, about(1, 1), block},
		{"headers in order though abandoned", getHeaders, about(2, 0), first},
		{"headers that do not connect", getHeaders, about(1, 0), nil},
		{"no headers", getHeaders, shape{}, second},
	} {
		if got := tb.take(tc.k, tc.s); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	if len(tb.pending) != 0 {
		t.Errorf("%d requests left", len(tb.pending))
	}
}

// TestTableOrder has peers that answer in order, with requests abandoned at random moments:
// every reply is recognised, and every request that is waited for gets its own reply.
func TestTableOrder(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		now := time.Now()
		var tb table
		var line []*request // what the peer still has to answer
		for step := range 200 {
			switch {
			case rnd.IntN(2) == 0 && len(line) < 50:
				k, a, b := kind(rnd.IntN(int(numKinds))), byte(rnd.IntN(4)), byte(rnd.IntN(4))
				line = append(line, tb.ask(k, a, b, now))
			case len(line) > 0 && rnd.IntN(3) == 0:
				line[rnd.IntN(len(line))].abandoned = true
			case len(line) > 0:
				r := line[0]
				line = line[1:]
				s := shape{n: 1, first: r.first, last: r.last}
				if r.kind == getHeaders {
					s.first = r.locator[rnd.IntN(2)]
				}
				got := tb.take(r.kind, s)
				if got == nil || got.kind != r.kind || !got.fits(s) {
					t.Fatalf("seed %d, step %d: reply to %v was given to %v", seed, step, r, got)
				}
				if r.kind == getHeaders && got != r {
					t.Fatalf("seed %d, step %d: headers out of order", seed, step)
				}
				if got != r { // an equal request got the reply, and r takes its place
					line[slices.Index(line, got)] = r
				}
			}
		}
		if len(tb.pending) != len(line) {
			t.Fatalf("seed %d: %d requests pending, want %d", seed, len(tb.pending), len(line))
		}
	}
}

// TestTableBounds checks that abandoned requests are forgotten with time and bounded in
// number.
func TestTableBounds(t *testing.T) {
	now := time.Now()
	var tb table
	for i := range maxAbandoned {
		tb.ask(getCFilter, byte(i), byte(i), now).abandoned = true
	}
	if r := tb.ask(getCFilter, 1, 1, now.Add(maxLate)); r != nil {
		t.Error("one more was added")
	}
	if r := tb.ask(getCFilter, 1, 1, now.Add(maxLate+1)); r == nil || len(tb.pending) != 1 {
		t.Errorf("%d requests after the old ones are out of date", len(tb.pending))
	}
}

// TestTableDrain checks that only requests that are not abandoned are returned.
func TestTableDrain(t *testing.T) {
	now := time.Now()
	var tb table
	a, b := tb.ask(getBlock, 1, 1, now), tb.ask(getBlock, 2, 2, now)
	a.abandoned = true
	if got := tb.drain(); len(got) != 1 || got[0] != b || len(tb.pending) != 0 {
		t.Errorf("drained %v, %d left", got, len(tb.pending))
	}
}

// TestHeadersRequest checks what may precede the reply to a headers request.
func TestHeadersRequest(t *testing.T) {
	genesis := peertest.Params.GenesisHash
	r, err := headersRequest(genesis, []chainhash.Hash{{1}, {2}}, chainhash.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		parent chainhash.Hash
		want   bool
	}{{chainhash.Hash{1}, true}, {chainhash.Hash{2}, true}, {genesis, true}, {chainhash.Hash{3}, false}} {
		if got := r.fits(shape{n: 1, first: tc.parent}); got != tc.want {
			t.Errorf("headers after %v: fit %v", tc.parent, got)
		}
	}
	if any, _ := headersRequest(genesis, nil, chainhash.Hash{9}); !any.fits(shape{n: 1, first: chainhash.Hash{3}}) {
		t.Error("headers without a locator fit nothing")
	}
	if _, err := headersRequest(genesis, make([]chainhash.Hash, 501), chainhash.Hash{}); err == nil {
		t.Error("a locator of 501 hashes was accepted")
	}
	if s := fmt.Sprint(r); s != "get headers after "+(chainhash.Hash{1}).String() {
		t.Errorf("described as %q", s)
	}
}
