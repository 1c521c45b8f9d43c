package consensus

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"
)

// filterCase is a cfiltersv2 message with the targets it proves.
type filterCase struct {
	targets []FilterTarget
	msg     wire.MsgCFiltersV2
}

// filterMessage makes up filters for n blocks from a height on. Each is one of
// the given number of commitments of its block, at a random place; one of them
// in ten is empty.
func filterMessage(r *rand.Rand, from Height, n, commitments int) *filterCase {
	c := &filterCase{}
	for i := range n {
		filter := make([]byte, r.IntN(400)*min(1, r.IntN(10)))
		for j := range filter {
			filter[j] = byte(r.Uint32())
		}
		leaves := make([]chainhash.Hash, commitments)
		for j := range leaves {
			leaves[j] = chainhash.HashH([]byte{byte(i), byte(j)})
		}
		index := uint32(r.IntN(commitments))
		leaves[index] = chainhash.Hash{}
		if len(filter) > 0 {
			leaves[index] = chainhash.HashH(filter)
		}
		id := BlockID{from + Height(i), chainhash.HashH([]byte{byte(from), byte(i)})}
		c.targets = append(c.targets, FilterTarget{BlockID: id, Root: standalone.CalcMerkleRoot(leaves)})
		c.msg.CFilters = append(c.msg.CFilters, *wire.NewMsgCFilterV2(&id.Hash, filter, index, standalone.GenerateInclusionProof(leaves, index)))
	}
	return c
}

// payload encodes the message as the wire protocol does.
func (c *filterCase) payload(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.msg.BtcEncode(&b, wire.BatchedCFiltersV2Version); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFiltersAreProven(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for range 200 {
		c := filterMessage(r, 1+Height(r.IntN(1000)), r.IntN(20), 1+r.IntN(20))
		batch, err := ProveFilters(SimNet(), c.targets, c.payload(t))
		if err != nil {
			t.Fatal(err)
		}
		if batch.Len() != len(c.targets) {
			t.Fatalf("got %d filters, want %d", batch.Len(), len(c.targets))
		}
		if batch.Len() > 0 && batch.First() != c.targets[0].BlockID {
			t.Fatalf("first is %v, want %v", batch.First(), c.targets[0].BlockID)
		}
		for i := range batch.Len() {
			if !bytes.Equal(batch.Filter(i), c.msg.CFilters[i].Data) {
				t.Fatalf("filter %d differs", i)
			}
		}
	}
}

// TestFilterOfBlock holds that the leaf is the hash that the published filter
// code gives, for a filter with and one without members.
func TestFilterOfBlock(t *testing.T) {
	block := SimNet().ChainParams.GenesisBlock
	for _, b := range []*wire.MsgBlock{block, {Header: block.Header}} {
		filter, err := blockcf2.Regular(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := FilterHash(filter.Bytes()); got != filter.Hash() {
			t.Errorf("filter of %d bytes: got hash %v, want %v", len(filter.Bytes()), got, filter.Hash())
		}
	}
}

// TestAnyFilterBitMatters holds that no bit of a message can be flipped.
func TestAnyFilterBitMatters(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for range 100 {
		c := filterMessage(r, 1, 1+r.IntN(3), 1+r.IntN(5))
		good := c.payload(t)
		for range 100 {
			bad := bytes.Clone(good)
			bit := r.IntN(8 * len(bad))
			bad[bit/8] ^= 1 << (bit % 8)
			if _, err := ProveFilters(SimNet(), c.targets, bad); err == nil {
				t.Fatalf("bit %d of byte %d can be flipped", bit%8, bit/8)
			}
		}
		for n := range good {
			_, err := ProveFilters(SimNet(), c.targets, good[:n])
			wantRule(t, err, RuleEncoding)
		}
		_, err := ProveFilters(SimNet(), c.targets, append(good, 0))
		wantRule(t, err, RuleEncoding)
	}
}

func TestProveFiltersNamesTheBrokenRule(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(c *filterCase)
		want   Rule
	}{
		{"missing", func(c *filterCase) { c.msg.CFilters = c.msg.CFilters[:3] }, RuleFilterSet},
		{"one too many", func(c *filterCase) { c.msg.CFilters = append(c.msg.CFilters, c.msg.CFilters[0]) }, RuleFilterSet},
		{"of another block", func(c *filterCase) { c.msg.CFilters[1].BlockHash[0]++ }, RuleFilterSet},
		{"in another order", func(c *filterCase) {
			f := c.msg.CFilters
			f[0], f[1] = f[1], f[0]
		}, RuleFilterSet},
		{"filter of another block under this one's name", func(c *filterCase) {
			f := c.msg.CFilters
			f[0].Data = []byte{1}
		}, RuleFilterProof},
		{"proof of another leaf", func(c *filterCase) { c.msg.CFilters[2].ProofIndex ^= 1 }, RuleFilterProof},
		{"no proof", func(c *filterCase) { c.msg.CFilters[2].ProofHashes = nil }, RuleFilterProof},
		{"index beyond the proof", func(c *filterCase) { c.msg.CFilters[2].ProofIndex += 4 }, RuleFilterProof},
		{"other root", func(c *filterCase) { c.targets[3].Root[5]++ }, RuleFilterProof},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := filterMessage(rand.New(rand.NewPCG(27, 28)), 1, 4, 4)
			tt.change(c)
			_, err := ProveFilters(SimNet(), c.targets, c.payload(t))
			wantRule(t, err, tt.want)
		})
	}
}

// TestLimitsOfFilterMessages holds sizes that the wire protocol forbids, which
// its encoder would not write.
func TestLimitsOfFilterMessages(t *testing.T) {
	target := []FilterTarget{{BlockID: BlockID{Height: 1}}}
	head := append([]byte{1}, make([]byte, 32)...)
	for name, rest := range map[string][]byte{
		"filter beyond the limit": {0xfe, 0x01, 0x00, 0x04, 0x00},
		"filter beyond reason":    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"proof beyond the limit":  {0, 0, 0, 0, 0, 33},
		"proof beyond reason":     {0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80},
		"size not shortest":       {0xfd, 1, 0, 7, 0, 0, 0, 0, 0},
	} {
		_, err := ProveFilters(SimNet(), target, append(bytes.Clone(head), rest...))
		if err == nil {
			t.Errorf("%s: passed", name)
			continue
		}
		wantRule(t, err, RuleEncoding)
	}
}

// TestLargestFilter holds the limit to the byte.
func TestLargestFilter(t *testing.T) {
	for over := range 2 {
		filter := make([]byte, wire.MaxCFilterDataSize+over)
		target := []FilterTarget{{BlockID: BlockID{Height: 1}, Root: chainhash.HashH(filter)}}
		var b bytes.Buffer
		b.Write(append([]byte{1}, target[0].Hash[:]...))
		if err := wire.WriteVarBytes(&b, wire.ProtocolVersion, filter); err != nil {
			t.Fatal(err)
		}
		b.Write(make([]byte, 5)) // index and no hashes
		_, err := ProveFilters(SimNet(), target, b.Bytes())
		if over > 0 {
			wantRule(t, err, RuleEncoding)
		} else if err != nil {
			t.Error(err)
		}
	}
}

// TestEarlyFiltersAreTakenUnproven holds where proofs begin.
func TestEarlyFiltersAreTakenUnproven(t *testing.T) {
	p := MainNet()
	for _, from := range []Height{p.DCP0005 - 5, p.DCP0005 - 3} {
		c := filterMessage(rand.New(rand.NewPCG(29, 30)), from, 4, 1)
		for i := range c.targets {
			c.targets[i].Root[0]++
		}
		_, err := ProveFilters(p, c.targets, c.payload(t))
		if last := from + 3; last < p.DCP0005 {
			if err != nil {
				t.Errorf("filters %d to %d: %v", from, last, err)
			}
			continue
		}
		wantRule(t, err, RuleFilterProof)
	}
}

// TestRestoredFiltersAreComparedAgain: a batch ends before the first filter that is not the
// one its header commits to, and below DCP0005 takes filters as they are.
func TestRestoredFiltersAreComparedAgain(t *testing.T) {
	p := SimNet()
	p.DCP0005 = 3
	var targets []FilterTarget
	var filters [][]byte
	for h := Height(1); h <= 6; h++ {
		filter := []byte{byte(h), 7}
		filters = append(filters, filter)
		targets = append(targets, FilterTarget{BlockID: BlockID{Height: h}, Root: FilterHash(filter)})
	}
	targets[0].Root[0]++ // below DCP0005
	for _, tt := range []struct{ damaged, want int }{{-1, 6}, {0, 6}, {2, 2}, {5, 5}} {
		kept := slices.Clone(filters)
		if tt.damaged >= 0 {
			kept[tt.damaged] = []byte{9}
		}
		b := RestoreFilters(p, targets, kept)
		if b.Len() != tt.want || b.First() != targets[0].BlockID || b.Last() != targets[tt.want-1].BlockID {
			t.Errorf("filter %d damaged: %d filters, %v to %v", tt.damaged, b.Len(), b.First(), b.Last())
		}
	}
	if b := RestoreFilters(p, targets[2:], [][]byte{{9}}); b.Len() != 0 || b.First() != (BlockID{}) {
		t.Errorf("got %d filters from %v", b.Len(), b.First())
	}
}
