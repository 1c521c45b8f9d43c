package chain

import (
	"bytes"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// Whatever a row holds, parsing it ends well or says that it is damaged, and a
// filter row that parses is the one that its filters give.
func FuzzRows(f *testing.F) {
	f.Add([]byte{0, 2, 1, 2, 7, 8, 9})
	f.Add(make([]byte, headerRowHead-checksumSize+consensus.HeaderSize))
	f.Add((&storeTip{}).encode()[checksumSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		key := heightKey(headersPerRow)
		value := append(make([]byte, checksumSize), body...)
		seal(key, value)
		if row, err := parseHeaderRow(key, value); err == nil {
			_, _ = row.work(row.end()-1), row.hash(row.first)
		}
		if tip, err := decodeTip(body); err == nil && !bytes.Equal(tip.encode()[checksumSize:], body) {
			t.Error("a tip row is encoded in another way")
		}
		var row filterRow
		if row.parse(key, value) != nil {
			return
		}
		var k filterPacker
		k.filters = row.filters
		if again := k.appendRow(nil); len(again) > len(value) {
			t.Error("a filter row is encoded longer")
		}
	})
}
