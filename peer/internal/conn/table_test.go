package conn

import (
	"errors"
	"fmt"
	"github.com/spvd/spvd/peer/internal/fault"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// ask adds a request of a kind for the blocks a to b; for headers a is the locator.
func (t *table) ask(k Kind, a, b byte, now time.Time) *Request {
	r := newRequest(k)
	r.sent = now
	if k == GetHeaders {
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
	filters := tb.ask(GetCFilters, 1, 5, now)
	again := tb.ask(GetCFilters, 1, 5, now)
	other := tb.ask(GetCFilters, 1, 6, now)
	block := tb.ask(GetBlock, 1, 1, now)
	first := tb.ask(GetHeaders, 1, 2, now)
	second := tb.ask(GetHeaders, 2, 3, now)
	filters.abandoned, first.abandoned = true, true

	for _, tc := range []struct {
		name string
		k    Kind
		s    shape
		want *Request
	}{
		{"other blocks", GetCFilters, about(2, 5), nil},
		{"other kind", GetCFilter, about(1, 1), nil},
		{"waiting before abandoned", GetCFilters, about(1, 5), again},
		{"abandoned if no other is open", GetCFilters, about(1, 5), filters},
		{"none left", GetCFilters, about(1, 5), nil},
		{"last differs", GetCFilters, about(1, 6), other},
		{"block", GetBlock, about(1, 1), block},
		{"headers in order though abandoned", GetHeaders, about(2, 0), first},
		{"headers that do not connect", GetHeaders, about(1, 0), nil},
		{"no headers", GetHeaders, shape{}, second},
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
		var line []*Request // what the peer still has to answer
		for step := range 200 {
			switch {
			case rnd.IntN(2) == 0 && len(line) < 50:
				k, a, b := Kind(rnd.IntN(int(NumKinds))), byte(rnd.IntN(4)), byte(rnd.IntN(4))
				line = append(line, tb.ask(k, a, b, now))
			case len(line) > 0 && rnd.IntN(3) == 0:
				line[rnd.IntN(len(line))].abandoned = true
			case len(line) > 0:
				r := line[0]
				line = line[1:]
				s := shape{n: 1, first: r.first, last: r.last}
				if r.kind == GetHeaders {
					s.first = r.locator[rnd.IntN(2)]
				}
				got := tb.take(r.kind, s)
				if got == nil || got.kind != r.kind || !got.fits(s) {
					t.Fatalf("seed %d, step %d: reply to %v was given to %v", seed, step, r, got)
				}
				if r.kind == GetHeaders && got != r {
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
		tb.ask(GetCFilter, byte(i), byte(i), now).abandoned = true
	}
	if r := tb.ask(GetCFilter, 1, 1, now.Add(maxLate)); r != nil {
		t.Error("one more was added")
	}
	if r := tb.ask(GetCFilter, 1, 1, now.Add(maxLate+1)); r == nil || len(tb.pending) != 1 {
		t.Errorf("%d requests after the old ones are out of date", len(tb.pending))
	}
}

// TestTableDrain checks that only requests that are not abandoned are returned.
func TestTableDrain(t *testing.T) {
	now := time.Now()
	var tb table
	a, b := tb.ask(GetBlock, 1, 1, now), tb.ask(GetBlock, 2, 2, now)
	a.abandoned = true
	if got := tb.drain(); len(got) != 1 || got[0] != b || len(tb.pending) != 0 {
		t.Errorf("drained %v, %d left", got, len(tb.pending))
	}
}

// TestHeadersRequest checks what may precede the reply to a headers request.
func TestHeadersRequest(t *testing.T) {
	genesis := peertest.Params.GenesisHash
	r, err := HeadersRequest(genesis, []chainhash.Hash{{1}, {2}}, chainhash.Hash{})
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
	if any, _ := HeadersRequest(genesis, nil, chainhash.Hash{9}); !any.fits(shape{n: 1, first: chainhash.Hash{3}}) {
		t.Error("headers without a locator fit nothing")
	}
	if _, err := HeadersRequest(genesis, make([]chainhash.Hash, 501), chainhash.Hash{}); err == nil {
		t.Error("a locator of 501 hashes was accepted")
	}
	if s := fmt.Sprint(r); s != "get headers after "+(chainhash.Hash{1}).String() {
		t.Errorf("described as %q", s)
	}
}

// TestReplyAtTheLastMoment checks that a request that is abandoned while its reply is being
// delivered returns the reply.
func TestReplyAtTheLastMoment(t *testing.T) {
	c := &Conn{addr: "a:1"}
	r := c.table.ask(GetBlock, 1, 1, time.Now())
	late := c.table.ask(GetBlock, 2, 2, time.Now())
	c.take(GetBlock, about(1, 1)).complete([]byte{1}, nil)
	if got, err := c.abandon(r, fault.Timeout, nil); err != nil || !slices.Equal(got, []byte{1}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := c.abandon(late, fault.Timeout, nil); !errors.Is(err, fault.Timeout) {
		t.Errorf("the other one: %v", err)
	}
	c.take(GetBlock, about(2, 2)).complete([]byte{2}, nil)
	if len(late.done) != 0 {
		t.Error("an abandoned request was completed")
	}
}

// TestBytesAreProgressForLaterRequests checks for which requests the bytes of a reply count.
func TestBytesAreProgressForLaterRequests(t *testing.T) {
	began := time.Unix(1000, 0)
	tab := table{most: 3}
	var list []*Request
	for i := range byte(3) {
		r := BlockRequest(chainhash.Hash{i})
		r.sent = began
		if !tab.add(r) {
			t.Fatal("a request was refused")
		}
		list = append(list, r)
	}
	first, second := began.Add(time.Second), began.Add(2*time.Second)
	tab.delivered(list[1], 100, first)
	tab.delivered(list[1], 20, second)
	for i, want := range []struct {
		bytes       int
		first, last time.Time
	}{{0, time.Time{}, began}, {120, first, second}, {120, first, second}} {
		bytes, last := list[i].progress()
		if bytes != want.bytes || last != want.last || list[i].firstAt != want.first {
			t.Errorf("request %d: %d bytes from %v to %v, want %+v", i, bytes, list[i].firstAt, last, want)
		}
	}
}
