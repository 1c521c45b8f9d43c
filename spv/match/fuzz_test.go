package match

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
)

// FuzzAny holds that no bytes make it panic, that a verdict is always that of
// gcs/v4, in each way to hash, and that what gcs/v4 cannot read is an error. The
// scripts are the pieces of given lengths that a text is cut into.
func FuzzAny(f *testing.F) {
	r := rand.New(rand.NewPCG(13, 14))
	text := make([]byte, 300)
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	for _, n := range []uint8{1, 8, 25, 40} {
		key := randomKey(r)
		filter := encode(f, key, cutUp(text, int(n))[1:])
		f.Add(key[:], filter, text, n)
		f.Add(key[:], filter[:len(filter)/2], text, n)
		f.Add(key[:], filter, text[:n], n)
	}
	f.Add([]byte{1}, []byte{}, text, uint8(7))
	f.Add([]byte{2}, []byte{0xfd, 0xff, 0xff, 0xff, 0xff}, text, uint8(3))
	f.Add([]byte{3}, []byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1, 2}, text, uint8(3))
	f.Fuzz(func(t *testing.T, seed, data, text []byte, size uint8) {
		var key [16]byte
		copy(key[:], seed)
		scripts := cutUp(text, int(size))
		other, otherErr := gcs.FromBytesV2(blockcf2.B, blockcf2.M, data)
		for _, lanes := range ways() {
			var m Matcher
			got, err := m.Any(key, data, newSet(scripts, lanes))
			switch {
			case err != nil && !errors.Is(err, ErrMalformed):
				t.Fatalf("an error of another kind: %v", err)
			case otherErr != nil && err == nil:
				t.Fatalf("no error, want %v", otherErr)
			case err == nil && got != other.MatchAny(key, filled(scripts)):
				t.Fatalf("%d lanes: got %v, want the opposite", lanes, got)
			}
		}
	})
}

// cutUp cuts a text into pieces of a size, the last one shorter.
func cutUp(text []byte, size int) (pieces [][]byte) {
	size = max(size, 1)
	for ; len(text) > size; text = text[size:] {
		pieces = append(pieces, text[:size])
	}
	return append(pieces, text)
}
