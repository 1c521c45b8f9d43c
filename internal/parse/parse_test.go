package parse

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// random returns a transaction of random content.
func random(r *rand.Rand, kind wire.TxSerializeType) *wire.MsgTx {
	script := func() []byte {
		b := make([]byte, r.IntN(700))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	tx := wire.NewMsgTx()
	tx.SerType, tx.Version = kind, uint16(r.Uint32())
	tx.LockTime, tx.Expiry = r.Uint32(), r.Uint32()
	for range r.IntN(4) {
		op := wire.OutPoint{Hash: chainhash.HashH(script()), Index: r.Uint32(), Tree: int8(r.IntN(3) - 1)}
		in := wire.NewTxIn(&op, int64(r.Uint64()), script())
		in.BlockHeight, in.BlockIndex, in.Sequence = r.Uint32(), r.Uint32(), r.Uint32()
		tx.AddTxIn(in)
	}
	for range r.IntN(300) / (1 + r.IntN(100)) {
		out := wire.NewTxOut(int64(r.Uint64()), script())
		out.Version = uint16(r.Uint32())
		tx.AddTxOut(out)
	}
	return tx
}

// compareTx holds the decoder against that of package wire.
func compareTx(t *testing.T, raw []byte) {
	t.Helper()
	want, r := new(wire.MsgTx), bytes.NewReader(raw)
	wantErr := want.Deserialize(r)
	got, err := Tx(raw)
	if ok := wantErr == nil && r.Len() == 0; ok != (err == nil) {
		t.Fatalf("%x: wire says %v with %d bytes left, parse says %v", raw, wantErr, r.Len(), err)
	}
	if err != nil {
		if _, err := TxID(raw); err == nil {
			t.Fatalf("%x: it has an id, and cannot be decoded", raw)
		}
		return
	}
	again, err := got.Bytes()
	if err != nil || !bytes.Equal(again, raw) {
		t.Fatalf("%x is %x after decoding, %v", raw, again, err)
	}
	id, err := TxID(raw)
	if full := got.SerType == wire.TxSerializeFull; full != (err == nil) || full && id != want.TxHash() {
		t.Fatalf("%x: id %v, %v, want %v", raw, id, err, want.TxHash())
	}
}

// TestDecodesAsWire holds the decoder against package wire with random transactions
// and blocks, and with each of them cut short or changed.
func TestDecodesAsWire(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	block := wire.MsgBlock{Header: wire.BlockHeader{Height: 7}}
	for n := range 300 {
		kind := wire.TxSerializeType(n % 3)
		tx := random(r, kind)
		raw, err := tx.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		compareTx(t, raw)
		compareTx(t, raw[:r.IntN(len(raw))])
		compareTx(t, append(bytes.Clone(raw), 0))
		changed := bytes.Clone(raw)
		changed[r.IntN(min(len(raw), 60))] ^= 1 << r.IntN(8)
		compareTx(t, changed)
		if n%2 == 0 {
			block.Transactions = append(block.Transactions, tx)
		} else {
			block.STransactions = append(block.STransactions, tx)
		}
	}
	raw, err := block.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	compareBlock(t, raw)
	for range 50 {
		compareBlock(t, raw[:r.IntN(len(raw))])
	}
}

func compareBlock(t *testing.T, raw []byte) {
	t.Helper()
	var want wire.MsgBlock
	r := bytes.NewReader(raw)
	wantErr := want.Deserialize(r)
	got, err := Block(raw)
	if ok := wantErr == nil && r.Len() == 0; ok != (err == nil) {
		t.Fatalf("wire says %v with %d bytes left, parse says %v", wantErr, r.Len(), err)
	}
	if err == nil && !reflect.DeepEqual(hashes(got), hashes(&want)) {
		t.Fatal("the transactions differ")
	}
}

func hashes(b *wire.MsgBlock) (list []chainhash.Hash) {
	list = append(list, b.BlockHash())
	for _, tx := range append(append([]*wire.MsgTx{}, b.Transactions...), b.STransactions...) {
		list = append(list, tx.TxHashFull())
	}
	return list
}

// liars are few bytes that claim to be much.
func liars() map[string][]byte {
	count := func(n uint32) []byte { return binary.LittleEndian.AppendUint32([]byte{0xfe}, n) }
	pad := make([]byte, 190)
	return map[string][]byte{
		"inputs":    append(append([]byte{1, 0, 0, 0}, count(780_000)...), pad...),
		"outputs":   append(append([]byte{1, 0, 0, 0, 0}, count(3_700_000)...), pad...),
		"witnesses": append(append([]byte{1, 0, 2, 0}, count(780_000)...), pad...),
		"script":    append(append([]byte{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, count(33_000_000)...), pad...),
	}
}

// TestCountsAreNotBelieved checks that what is allocated is bounded by the bytes
// there are. Package wire allocates up to 250 MB for the same bytes.
func TestCountsAreNotBelieved(t *testing.T) {
	const most = 16 << 10
	for name, raw := range liars() {
		blk := append(append(make([]byte, headerSize), 1), raw...)
		got := allocated(func() {
			if _, err := Tx(raw); err == nil {
				t.Errorf("%s: decoded", name)
			}
			if _, err := TxID(raw); err == nil {
				t.Errorf("%s: has an id", name)
			}
			if _, err := Block(blk); err == nil {
				t.Errorf("%s: decoded in a block", name)
			}
		})
		if got > most {
			t.Errorf("%s: %d bytes allocated for %d", name, got, len(raw))
		}
	}
}

// TestHeldBoundsWhatIsAllocated decodes transactions of nothing but inputs or outputs.
func TestHeldBoundsWhatIsAllocated(t *testing.T) {
	ins, outs := wire.NewMsgTx(), wire.NewMsgTx()
	for range 5000 {
		ins.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, 0, nil))
		outs.AddTxOut(wire.NewTxOut(0, nil))
	}
	for name, tx := range map[string]*wire.MsgTx{"inputs": ins, "outputs": outs} {
		raw, err := tx.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var decoded *wire.MsgTx
		got := allocated(func() { decoded, err = Tx(raw) })
		if err != nil || int(got)+len(raw) > Held(decoded) || Held(decoded) > 8*len(raw) {
			t.Errorf("%s: %d bytes allocated for %d, %d held, %v", name, got, len(raw), Held(decoded), err)
		}
	}
}

// allocated returns how many bytes a function allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzTx(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 9 {
		raw, err := random(r, wire.TxSerializeType(n%3)).Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range liars() {
		f.Add(raw[:12])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := Tx(raw); err != nil {
			return // package wire would allocate what the bytes claim
		}
		compareTx(t, raw)
	})
}
