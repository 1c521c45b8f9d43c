package ledger

import (
	"bytes"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/rows/rowstest"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// codecs are the rows of the ledger.
func codecs(t testing.TB) []rowstest.Codec {
	t.Helper()
	hash := func(b byte) chainhash.Hash { return chainhash.Hash(bytes.Repeat([]byte{b}, 32)) }
	must := func(v []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	place := txn.Place{Height: 0x01020304, Tree: wire.TxTreeRegular, Index: 5}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: hash(1), Index: 2}, 3, nil))
	tx.AddTxOut(wire.NewTxOut(4, []byte{0x51}))
	m := &Mined{Place: place, Hash: hash(2), Block: hash(3), Time: 0x0a0b0c0d, Tx: tx}
	u := &Unmined{Hash: hash(2), Seen: time.Unix(0x0a0b0c0d, 0), Origin: Published, Tx: tx}
	relayed := &Unmined{Hash: hash(2), Seen: u.Seen, Origin: Relayed, Tx: tx, Agreed: true, Spends: true, Source: 0x1122334455667788}
	l := Left{consensus.BlockID{Height: 0x01020304, Hash: hash(8)}, consensus.BlockID{Height: 0x01020302, Hash: hash(9)}, true}
	payKey, payValue := Payment{3, place, 4, 0x1122334455, txn.FromPayment}.Encode()
	return []rowstest.Codec{
		{Name: "credit", Value: Credit{place, 3, 0x1122334455, txn.FromVote}.Encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			c, err := decodeCredit(v)
			return k, c.Encode(), err
		}},
		{Name: "spender", Value: Spender{place, 6}.Encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			s, err := decodeSpender(v)
			return k, s.Encode(), err
		}},
		{Name: "payment", Key: payKey, Value: payValue, Recode: func(k, v []byte) ([]byte, []byte, error) {
			p, err := DecodePayment(k, v)
			key, value := p.Encode()
			return key, value, err
		}},
		{Name: "mined", Key: txn.PlaceKey(place), Value: must(m.Encode()), Recode: func(k, v []byte) ([]byte, []byte, error) {
			m, err := DecodeMined(k, v)
			if err != nil {
				return nil, nil, err
			}
			value, err := m.Encode()
			return txn.PlaceKey(m.Place), value, err
		}},
		{Name: "left", Key: l.Key(), Value: l.Encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			l, err := DecodeLeft(k, v)
			return l.Key(), l.Encode(), err
		}},
		{Name: "taken", Key: m.TakenKey(), Value: must(m.Encode()), Recode: func(k, v []byte) ([]byte, []byte, error) {
			if len(k) != txn.PlaceSize+chainhash.HashSize {
				return nil, nil, rows.ErrCorrupt
			}
			m, err := DecodeMined(k[:txn.PlaceSize], v)
			if err != nil {
				return nil, nil, err
			}
			value, err := m.Encode()
			return append(txn.PlaceKey(m.Place), k[txn.PlaceSize:]...), value, err
		}},
		{Name: "unmined", Key: u.Hash[:], Value: must(u.encode()), Recode: recodeUnmined},
		{Name: "relayed", Key: u.Hash[:], Value: must(relayed.encode()), Recode: recodeUnmined},
	}
}

func recodeUnmined(k, v []byte) ([]byte, []byte, error) {
	u, err := decodeUnmined(k, v)
	if err != nil {
		return nil, nil, err
	}
	value, err := u.encode()
	return u.Hash[:], value, err
}

func FuzzRows(f *testing.F) { rowstest.Fuzz(f, codecs(f)) }

func TestGoldenRows(t *testing.T) { rowstest.Golden(t, "testdata/rows.txt", codecs(t)) }

func TestEveryTruncationIsNoticed(t *testing.T) { rowstest.Truncated(t, codecs(t)) }
