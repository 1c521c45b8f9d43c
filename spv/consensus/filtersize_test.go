package consensus

import (
	"encoding/binary"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"
)

// noInputs knows no previous scripts: the block has no inputs but that of its coinbase.
type noInputs struct{}

func (noInputs) PrevScript(*wire.OutPoint) (uint16, []byte, bool) { return 0, nil, false }

// TestDensestFilterIsJustified makes blocks with as many scripts as fit, all different and
// as short as that allows, and compares their filters with what their headers justify.
func TestDensestFilterIsJustified(t *testing.T) {
	p := MainNet()
	for _, outputs := range []int{0, 1, 10, 255, 3_000, 30_000} {
		tx := wire.NewMsgTx()
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}})
		for i := range outputs {
			script := []byte{byte(i)}
			if i > 255 {
				script = binary.BigEndian.AppendUint16(nil, uint16(i))
			}
			tx.AddTxOut(wire.NewTxOut(1, script))
		}
		block := &wire.MsgBlock{Transactions: []*wire.MsgTx{tx}}
		block.Header.Size = uint32(block.SerializeSize())
		if block.SerializeSize() > maxBlockSize(p) {
			t.Fatalf("%d outputs make a block of %d bytes", outputs, block.SerializeSize())
		}
		filter, err := blockcf2.Regular(block, noInputs{})
		if err != nil {
			t.Fatal(err)
		}
		h := headerOf(&block.Header)
		most := maxFilterSize(p, &h)
		if got := len(filter.Bytes()); got > most {
			t.Errorf("%d outputs: a filter of %d bytes, at most %d are justified", outputs, got, most)
		}
		if outputs == 30_000 && most > len(filter.Bytes())*5/4+filterSlack {
			t.Errorf("%d bytes are justified for a filter of %d: far too many", most, len(filter.Bytes()))
		}
	}
	var liar Header
	liar.put32(offSize, 1<<32-1)
	if got := maxFilterSize(p, &liar); got > 100_000 {
		t.Errorf("a header that claims a block of 4 GB justifies a filter of %d bytes", got)
	}
}

// TestOversizedEarlyFilterIsRefused holds the bound where no header proves a filter.
func TestOversizedEarlyFilterIsRefused(t *testing.T) {
	p := SimNet()
	p.DCP0005 = 10
	for size, refused := range map[int]bool{1100: false, 1101: true} {
		target := []FilterTarget{{BlockID: BlockID{Height: 3}, MaxSize: 1100}}
		payload := append([]byte{1}, make([]byte, chainhash.HashSize)...)
		payload = append(appendVarint(payload, size), make([]byte, size+5)...)
		_, err := ProveFilters(p, target, payload)
		if !refused {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantRule(t, err, RuleFilterSize)
		if most := MaxFiltersPayload(p, target); most < len(payload) {
			t.Errorf("%d bytes are refused as a message of more than %d", len(payload), most)
		}
	}
}
