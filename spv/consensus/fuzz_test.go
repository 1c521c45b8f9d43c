package consensus

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/wire"
)

// FuzzPrepareHeaders holds that nothing passes that the wire protocol would not
// decode, and that what passes is what it decodes to.
func FuzzPrepareHeaders(f *testing.F) {
	p := SimNet()
	chain := grow(f, p, branch{p.Genesis()}, 3, 1)
	f.Add(headersPayload(chain[1:]))
	f.Add(headersPayload(chain[:0]))
	f.Add(headersPayload(chain[2:]))
	f.Fuzz(func(t *testing.T, payload []byte) {
		batch, err := PrepareHeaders(p, payload)
		if err != nil {
			return
		}
		var msg wire.MsgHeaders
		r := bytes.NewReader(payload)
		if err := msg.BtcDecode(r, wire.ProtocolVersion); err != nil || r.Len() != 0 {
			t.Fatalf("passed, but: %v, %d bytes left", err, r.Len())
		}
		if len(batch.Headers) != len(msg.Headers) || len(batch.Hashes) != len(msg.Headers) {
			t.Fatalf("%d headers, %d hashes, want %d", len(batch.Headers), len(batch.Hashes), len(msg.Headers))
		}
		for i, h := range msg.Headers {
			if batch.Headers[i] != headerOf(h) || batch.Hashes[i] != h.BlockHash() {
				t.Fatalf("header %d differs", i)
			}
			pow := h.PowHashV2()
			if err := standalone.CheckProofOfWork(&pow, h.Bits, p.ChainParams.PowLimit); err != nil {
				t.Fatalf("header %d: %v", i, err)
			}
		}
	})
}

// FuzzProveFilters takes the roots from the message itself, so that good
// messages exist, and holds that exactly those pass whose proofs hold.
func FuzzProveFilters(f *testing.F) {
	p := SimNet()
	r := rand.New(rand.NewPCG(37, 38))
	for _, n := range []int{0, 1, 3} {
		f.Add(filterMessage(r, 1, n, 1).payload(f), true)
		f.Add(filterMessage(r, 1, n, 6).payload(f), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, leaf bool) {
		var msg wire.MsgCFiltersV2
		r := bytes.NewReader(payload)
		decodes := msg.BtcDecode(r, wire.BatchedCFiltersV2Version) == nil && r.Len() == 0
		var targets []FilterTarget
		proves := true
		for i := range msg.CFilters {
			c := &msg.CFilters[i]
			root := FilterHash(c.Data)
			if !leaf && len(c.ProofHashes) > 0 {
				root = c.ProofHashes[len(c.ProofHashes)-1]
			}
			targets = append(targets, FilterTarget{BlockID: BlockID{Height(i) + 1, c.BlockHash}, Root: root})
			hash := FilterHash(c.Data)
			proves = proves && standalone.VerifyInclusionProof(&root, &hash, c.ProofIndex, c.ProofHashes)
		}
		batch, err := ProveFilters(p, targets, payload)
		if (err == nil) != (decodes && proves) {
			t.Fatalf("decodes %v, proves %v, but: %v", decodes, proves, err)
		}
		if err == nil && batch.Len() != len(msg.CFilters) {
			t.Fatalf("%d filters, want %d", batch.Len(), len(msg.CFilters))
		}
	})
}

// FuzzParseWaypoints holds that what is read can be written and read again.
func FuzzParseWaypoints(f *testing.F) {
	f.Add([]byte("# facts\n\n7 " + someHash + "\r\n8\t" + someHash))
	f.Add([]byte("1 2 3"))
	f.Fuzz(func(t *testing.T, text []byte) {
		points, err := ParseWaypoints("x.txt", text)
		if err != nil {
			return
		}
		var again bytes.Buffer
		for _, w := range points {
			fmt.Fprintf(&again, "%d %v\n", w.Height, w.Hash)
		}
		same, err := ParseWaypoints("x.txt", again.Bytes())
		if err != nil || !slices.Equal(points, same) {
			t.Fatalf("got %v, %v, want %v", same, err, points)
		}
	})
}

// FuzzRestoreEarlyFilterHash holds that a state either is refused or can be
// used.
func FuzzRestoreEarlyFilterHash(f *testing.F) {
	e := NewEarlyFilterHash()
	e.Add([]byte{1, 2, 3})
	f.Add(e.State(nil))
	f.Fuzz(func(t *testing.T, state []byte) {
		e, err := RestoreEarlyFilterHash(state)
		if err != nil {
			return
		}
		if got := e.State(nil); !bytes.Equal(got, state) {
			t.Fatalf("got state %x, want %x", got, state)
		}
		e.Add(make([]byte, 100))
		e.Sum()
	})
}
