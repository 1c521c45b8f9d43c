package state

import (
	"bytes"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/rows/rowstest"
)

// codecs are the rows of the state of a wallet.
func codecs() []rowstest.Codec {
	hash := func(b byte) chainhash.Hash { return chainhash.Hash(bytes.Repeat([]byte{b}, 32)) }
	a := Account{
		Number: 7, Name: "é", Xpub: "spub", Born: birthday.AtHeight(9), Gap: 20,
		Branches: [2]hd.Window{{Issued: 1, Used: 2}, {Issued: 3, Used: 4}}, Watched: [2]uint32{40, 41},
	}
	sc := Script{Pay: []byte{0x51, 0x52}, Account: ImportedAccount, Branch: 1, Index: 2, Born: birthday.Born{Height: birthday.Unborn, Date: 77}}
	p := Progress{Tip: consensus.BlockID{Height: 2, Hash: hash(4)}, Cursor: consensus.BlockID{Height: 1, Hash: hash(5)}, Common: consensus.BlockID{Hash: hash(7)}, Scanning: 6, Fresh: 7}
	j := Job{ID: 7, Kind: ImportJob, state: JobDone, first: 1, End: 2, From: 3, reached: 4, target: 5, Began: 6, Ended: 7}
	b := remembered.Block{BlockID: consensus.BlockID{Height: 8, Hash: hash(6)}, Time: 9}
	return []rowstest.Codec{
		{Name: "progress", Value: p.Encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			p, err := decodeProgress(v)
			return k, p.Encode(), err
		}},
		{Name: "account", Key: rows.Key(7), Value: a.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			a, err := decodeAccount(7, v)
			return k, a.encode(), err
		}},
		{Name: "script", Key: rows.Key(0), Value: sc.Encode(), Open: true, Recode: func(k, v []byte) ([]byte, []byte, error) {
			s, err := decodeScript(v)
			return k, s.Encode(), err
		}},
		{Name: "block", Key: rows.Key(8), Value: encodeBlock(b), Recode: func(k, v []byte) ([]byte, []byte, error) {
			b, err := decodeBlock(k, v)
			return rows.Key(uint32(b.Height)), encodeBlock(b), err
		}},
		{Name: "job", Key: rows.Key(7), Value: j.encode(), Recode: func(k, v []byte) ([]byte, []byte, error) {
			j, err := decodeJob(k, v)
			return rows.Key(j.ID), j.encode(), err
		}},
	}
}

func FuzzRows(f *testing.F) { rowstest.Fuzz(f, codecs()) }

func TestGoldenRows(t *testing.T) { rowstest.Golden(t, "testdata/rows.txt", codecs()) }

func TestEveryTruncationIsNoticed(t *testing.T) { rowstest.Truncated(t, codecs()) }
