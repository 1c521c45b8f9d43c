package store

import (
	"bytes"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// Whatever a row holds, parsing it ends well or says that it is damaged, and a
// filter row that parses is the one that its filters give.
func FuzzRows(f *testing.F) {
	f.Add([]byte{0, 2, 1, 2, 7, 8, 9})
	f.Add(make([]byte, HeaderRowHead-ChecksumSize+consensus.HeaderSize))
	f.Add((&Tip{}).Encode()[ChecksumSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		key := HeightKey(HeadersPerRow)
		value := append(make([]byte, ChecksumSize), body...)
		Seal(key, value)
		if row, err := ParseHeaderRow(key, value); err == nil {
			_, _ = row.Work(row.End()-1), row.Hash(row.First)
		}
		if tip, err := decodeTip(body); err == nil && !bytes.Equal(tip.Encode()[ChecksumSize:], body) {
			t.Error("a tip row is encoded in another way")
		}
		var row FilterRow
		if row.Parse(key, value) != nil {
			return
		}
		var k FilterPacker
		k.Filters = row.Filters
		if again := k.appendRow(nil); len(again) > len(value) {
			t.Error("a filter row is encoded longer")
		}
	})
}
