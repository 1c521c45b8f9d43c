package wallet

import (
	"bytes"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/rows/rowstest"
)

// codecs are the rows of the state of a wallet.
func codecs() []rowstest.Codec {
	hash := func(b byte) chainhash.Hash { return chainhash.Hash(bytes.Repeat([]byte{b}, 32)) }
	a := Account{
		Number: 7, Name: "é", Xpub: "spub", born: atHeight(9), Gap: 20,
		Branches: [2]hd.Window{{Issued: 1, Used: 2}, {Issued: 3, Used: 4}}, watched: [2]uint32{40, 41},
	}
	sc := script{pay: []byte{0x51, 0x52}, account: ImportedAccount, branch: 1, index: 2, born: born{height: unborn, date: 77}}
	p := progress{tip: consensus.BlockID{Height: 2, Hash: hash(4)}, cursor: consensus.BlockID{Height: 1, Hash: hash(5)}, common: consensus.BlockID{Hash: hash(7)}, scanning: 6, fresh: 7}
	j := job{id: 7, kind: ImportJob, state: JobDone, first: 1, end: 2, from: 3, reached: 4, target: 5, began: 6, ended: 7}
	b := block{consensus.BlockID{Height: 8, Hash: hash(6)}, 9}
	return []rowstest.Codec{
		{Name: "progress", Value: p.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			p, err := decodeProgress(v)
			return k, p.encode(), err
		}},
		{Name: "account", Key: rows.Key(7), Value: a.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			a, err := decodeAccount(7, v)
			return k, a.encode(), err
		}},
		{Name: "script", Key: rows.Key(0), Value: sc.encode(), Open: true, Recode: func(k, v []byte) ([]byte, []byte, error) {
			s, err := decodeScript(v)
			return k, s.encode(), err
		}},
		{Name: "block", Key: rows.Key(8), Value: b.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			b, err := decodeBlock(k, v)
			return rows.Key(uint32(b.Height)), b.encode(), err
		}},
		{Name: "job", Key: rows.Key(7), Value: j.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			j, err := decodeJob(k, v)
			return rows.Key(j.id), j.encode(), err
		}},
	}
}

func FuzzRows(f *testing.F) { rowstest.Fuzz(f, codecs()) }

func TestGoldenRows(t *testing.T) { rowstest.Golden(t, "testdata/rows.txt", codecs()) }

func TestEveryTruncationIsNoticed(t *testing.T) { rowstest.Truncated(t, codecs()) }
