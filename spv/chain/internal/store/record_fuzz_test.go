package store

import (
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// Whatever a log holds, parsing it ends, and what parses is encoded to the same bytes.
func FuzzRecord(f *testing.F) {
	r := Record{Headers: make([]consensus.Header, 1), Filters: [][]byte{{1, 2}, nil}}
	f.Add(r.Encode()[walRecordHead:])
	f.Fuzz(func(t *testing.T, body []byte) {
		var r Record
		if !r.parse(body) {
			return
		}
		b := r.Encode()
		again, size, ok := ParseRecord(b)
		if !ok || size != len(b) || len(b) > walRecordHead+len(body) || again.Tip != r.Tip || len(again.Filters) != len(r.Filters) {
			t.Errorf("a record is encoded in another way")
		}
	})
}
