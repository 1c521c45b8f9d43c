package wallet

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// codec is one kind of stored row: decode reads a key and a value, and encode
// writes what it read.
type codec struct {
	name   string
	recode func(k, v []byte) (key, value []byte, err error)
}

func codecs() []codec {
	return []codec{
		{"progress", func(k, v []byte) ([]byte, []byte, error) {
			p, err := decodeProgress(v)
			return k, p.encode(), err
		}},
		{"account", func(k, v []byte) ([]byte, []byte, error) {
			a, err := decodeAccount(7, v)
			return k, a.encode(), err
		}},
		{"script", func(k, v []byte) ([]byte, []byte, error) {
			s, err := decodeScript(v)
			return k, s.encode(), err
		}},
		{"block", func(k, v []byte) ([]byte, []byte, error) {
			b, err := decodeBlock(k, v)
			return key32(uint32(b.Height)), b.encode(), err
		}},
		{"credit", func(k, v []byte) ([]byte, []byte, error) {
			c, err := decodeCredit(v)
			return k, c.encode(), err
		}},
		{"spender", func(k, v []byte) ([]byte, []byte, error) {
			s, err := decodeSpender(v)
			return k, s.encode(), err
		}},
		{"payment", func(k, v []byte) ([]byte, []byte, error) {
			p, err := decodePayment(k, v)
			key, value := p.encode()
			return key, value, err
		}},
		{"mined", func(k, v []byte) ([]byte, []byte, error) {
			m, err := decodeMined(k, v)
			if err != nil {
				return nil, nil, err
			}
			value, err := m.encode()
			return m.place.key(), value, err
		}},
		{"job", func(k, v []byte) ([]byte, []byte, error) {
			j, err := decodeJob(k, v)
			return key32(j.id), j.encode(), err
		}},
		{"left", func(k, v []byte) ([]byte, []byte, error) {
			l, err := decodeLeft(k, v)
			return l.key(), l.encode(), err
		}},
		{"taken", func(k, v []byte) ([]byte, []byte, error) {
			if len(k) != placeSize+chainhash.HashSize {
				return nil, nil, ErrCorrupt
			}
			m, err := decodeMined(k[:placeSize], v)
			if err != nil {
				return nil, nil, err
			}
			value, err := m.encode()
			return append(m.place.key(), k[placeSize:]...), value, err
		}},
		{"unmined", recodeUnmined},
		{"relayed", recodeUnmined},
	}
}

func recodeUnmined(k, v []byte) ([]byte, []byte, error) {
	u, err := decodeUnmined(k, v)
	if err != nil {
		return nil, nil, err
	}
	value, err := u.encode()
	return u.hash[:], value, err
}

// goldenRows are rows as they are stored. They must never change without a new
// format version.
func goldenRows(t testing.TB) map[string][2]string {
	t.Helper()
	hash := func(b byte) chainhash.Hash { return chainhash.Hash(bytes.Repeat([]byte{b}, 32)) }
	place := Place{Height: 0x01020304, Tree: wire.TxTreeRegular, Index: 5}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: hash(1), Index: 2}, 3, nil))
	tx.AddTxOut(wire.NewTxOut(4, []byte{0x51}))
	m := &mined{place: place, hash: hash(2), block: hash(3), time: 0x0a0b0c0d, tx: tx}
	u := &unmined{hash: hash(2), seen: time.Unix(0x0a0b0c0d, 0), origin: Published, tx: tx}
	a := Account{
		Number: 7, Name: "é", Xpub: "spub", born: atHeight(9), Gap: 20,
		Branches: [2]Window{{Issued: 1, Used: 2}, {Issued: 3, Used: 4}}, watched: [2]uint32{40, 41},
	}
	sc := script{pay: []byte{0x51, 0x52}, account: ImportedAccount, branch: 1, index: 2, born: born{height: unborn, date: 77}}
	p := progress{tip: consensus.BlockID{Height: 2, Hash: hash(4)}, cursor: consensus.BlockID{Height: 1, Hash: hash(5)}, common: consensus.BlockID{Hash: hash(7)}, scanning: 6, fresh: 7}
	j := job{id: 7, kind: ImportJob, state: JobDone, first: 1, end: 2, from: 3, reached: 4, target: 5, began: 6, ended: 7}
	b := block{consensus.BlockID{Height: 8, Hash: hash(6)}, 9}
	l := left{consensus.BlockID{Height: 0x01020304, Hash: hash(8)}, consensus.BlockID{Height: 0x01020302, Hash: hash(9)}, true}
	minedValue, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	unminedValue, err := u.encode()
	if err != nil {
		t.Fatal(err)
	}
	u.origin, u.agreed, u.spends, u.source = Relayed, true, true, 0x1122334455667788
	relayedValue, err := u.encode()
	if err != nil {
		t.Fatal(err)
	}
	payKey, payValue := payment{3, place, 4, 0x1122334455, FromPayment}.encode()
	rows := map[string][2][]byte{
		"payment":  {payKey, payValue},
		"progress": {nil, p.encode()},
		"account":  {key32(7), a.encode()},
		"script":   {key32(0), sc.encode()},
		"block":    {key32(8), b.encode()},
		"credit":   {nil, credit{place, 3, 0x1122334455, FromVote}.encode()},
		"spender":  {nil, spender{place, 6}.encode()},
		"mined":    {place.key(), minedValue},
		"unmined":  {u.hash[:], unminedValue},
		"relayed":  {u.hash[:], relayedValue},
		"job":      {key32(7), j.encode()},
		"left":     {l.key(), l.encode()},
		"taken":    {m.takenKey(), minedValue},
	}
	out := make(map[string][2]string)
	for name, kv := range rows {
		out[name] = [2]string{hex.EncodeToString(kv[0]), hex.EncodeToString(kv[1])}
	}
	return out
}

func FuzzRows(f *testing.F) {
	golden := goldenRows(f)
	for i, c := range codecs() {
		k, _ := hex.DecodeString(golden[c.name][0])
		v, _ := hex.DecodeString(golden[c.name][1])
		f.Add(uint8(i), k, v)
		f.Add(uint8(i), k, v[:len(v)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, k, v []byte) {
		c := codecs()[int(which)%len(codecs())]
		key, value, err := c.recode(k, v)
		if err == nil && (!bytes.Equal(key, k) || !bytes.Equal(value, v)) {
			t.Fatalf("%s: %x: %x was read as %x: %x", c.name, k, v, key, value)
		}
	})
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	golden := goldenRows(t)
	for _, c := range codecs() {
		k, _ := hex.DecodeString(golden[c.name][0])
		v, _ := hex.DecodeString(golden[c.name][1])
		if _, _, err := c.recode(k, v); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for n := range v {
			if c.name == "script" && n > 20 {
				continue // the script is all that is left, however long
			}
			if _, _, err := c.recode(k, v[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are read", c.name, n, len(v))
			}
		}
		if _, _, err := c.recode(k, append(v, 0)); err == nil && c.name != "script" {
			t.Errorf("%s: a byte too much is read", c.name)
		}
	}
}

func TestGoldenRows(t *testing.T) {
	want, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	golden := goldenRows(t)
	for _, c := range codecs() {
		fmt.Fprintf(&got, "%s\n\t%s\n\t%s\n", c.name, golden[c.name][0], golden[c.name][1])
	}
	if got.String() != string(want) {
		t.Fatalf("rows are stored as\n%s\nand format %d has\n%s", &got, newestFormat(), want)
	}
}
