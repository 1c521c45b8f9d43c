package consensus

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/decred/dcrd/wire"
)

// TestVarintEqualsWire reads numbers of every length at the edges of what the
// length may hold.
func TestVarintEqualsWire(t *testing.T) {
	var encoded [][]byte
	for _, v := range []uint64{0, 1, 0xfc, 0xfd, 0xfe, 0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 0x100000000, 1<<64 - 1} {
		encoded = append(encoded,
			[]byte{byte(v)},
			binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(v)),
			binary.LittleEndian.AppendUint32([]byte{0xfe}, uint32(v)),
			binary.LittleEndian.AppendUint64([]byte{0xff}, v),
		)
	}
	for _, whole := range encoded {
		for n := range len(whole) + 1 {
			b := whole[:n]
			want, wantErr := wire.ReadVarInt(bytes.NewReader(b), wire.ProtocolVersion)
			r := payload{rest: b}
			got := r.varint()
			if got != want || (r.err == nil) != (wantErr == nil) {
				t.Errorf("%x: got %d, %v, want %d, %v", b, got, r.err, want, wantErr)
			}
		}
	}
}

func TestPayloadStopsAtTheFirstError(t *testing.T) {
	r := payload{rest: []byte{0xfd, 0, 0, 1, 2, 3, 4}}
	if r.varint(); r.err != errVarInt {
		t.Fatalf("got %v", r.err)
	}
	if b, n := r.take(1), r.u32(); b != nil || n != 0 || r.err != errVarInt {
		t.Errorf("after the error: %x, %d, %v", b, n, r.err)
	}
}
