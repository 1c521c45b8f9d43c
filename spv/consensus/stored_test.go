package consensus

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPrepareStored: headers without a message pass and fail as those of a message do.
func TestPrepareStored(t *testing.T) {
	p := SimNet()
	chain := grow(t, p, branch{p.Genesis()}, 20, 1)[1:]
	swapped := slices.Clone(chain)
	swapped[4], swapped[5] = swapped[5], swapped[4]
	worked := slices.Clone(chain)
	worked[7].put32(offBits, worked[7].Bits()+1)
	for name, headers := range map[string][]Header{
		"none": nil, "one": chain[:1], "all": chain, "swapped": swapped, "other bits": worked,
	} {
		want, wantErr := PrepareHeaders(p, headersPayload(headers))
		got, err := PrepareStored(p, slices.Clone(headers))
		if !slices.Equal(got.Headers, want.Headers) || !slices.Equal(got.Hashes, want.Hashes) {
			t.Errorf("%s: %d headers, want %d", name, len(got.Headers), len(want.Headers))
		}
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%s: got %v, want %v", name, err, wantErr)
		}
	}
}

// TestProveStored: filters without proofs pass if a message with them and proofs of a
// single commitment does.
func TestProveStored(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for range 50 {
		c := filterMessage(r, 1, 1+r.IntN(8), 1)
		var filters [][]byte
		for i := range c.msg.CFilters {
			filters = append(filters, c.msg.CFilters[i].Data)
		}
		b, err := ProveStored(SimNet(), c.targets, filters)
		if err != nil || b.Len() != len(filters) || b.First() != c.targets[0].BlockID || b.Last() != c.targets[len(filters)-1].BlockID {
			t.Fatalf("%d filters: %v", len(filters), err)
		}
		bad := slices.Clone(filters)
		i := r.IntN(len(bad))
		bad[i] = append(bytes.Clone(bad[i]), 1)
		_, err = ProveStored(SimNet(), c.targets, bad)
		wantRule(t, err, RuleFilterProof)
		var broken *RuleError
		if errors.As(err, &broken) && broken.Block != c.targets[i].BlockID {
			t.Errorf("blames block %v, not %v", broken.Block, c.targets[i].BlockID)
		}
		_, err = ProveStored(SimNet(), c.targets, filters[1:])
		wantRule(t, err, RuleFilterSet)
	}
	if b, err := ProveStored(SimNet(), nil, nil); err != nil || b.Len() != 0 {
		t.Errorf("of nothing: %d filters, %v", b.Len(), err)
	}
	early := SimNet()
	early.DCP0005 = 10
	target := []FilterTarget{{BlockID: BlockID{Height: 3}, MaxSize: 5}}
	_, err := ProveStored(early, target, [][]byte{make([]byte, 6)})
	wantRule(t, err, RuleFilterSize)
	if _, err := ProveStored(early, target, [][]byte{make([]byte, 5)}); err != nil {
		t.Error(err)
	}
}
