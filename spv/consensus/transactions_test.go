package consensus

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// TestTransactionsAreChecked: of blocks that no full node accepts, the block, the transaction and
// the reason are named.
func TestTransactionsAreChecked(t *testing.T) {
	id := BlockID{Height: 7}
	tx := func(from byte, change func(*wire.MsgTx)) *wire.MsgTx {
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{from}}, 0, nil))
		tx.AddTxOut(wire.NewTxOut(5, []byte{0x51, from}))
		if change != nil {
			change(tx)
		}
		return tx
	}
	coinbase := func(tx *wire.MsgTx) {
		tx.TxIn[0].PreviousOutPoint = wire.OutPoint{Index: wire.MaxPrevOutIndex}
		tx.TxIn[0].SignatureScript = []byte{1, 2}
	}
	locked := func(at uint32) func(*wire.MsgTx) {
		return func(tx *wire.MsgTx) { tx.LockTime, tx.TxIn[0].Sequence = at, 0 }
	}
	ticket := func(from byte, change func(*wire.MsgTx)) *wire.MsgTx {
		return tx(from, func(tx *wire.MsgTx) {
			tagged := func(tag byte) []byte {
				return slices.Concat([]byte{tag, txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, make([]byte, 20),
					[]byte{txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG})
			}
			commitment := slices.Concat([]byte{txscript.OP_RETURN, txscript.OP_DATA_30}, make([]byte, 20), []byte{5, 7: 0}, []byte{0, 0x58})
			tx.TxOut = []*wire.TxOut{wire.NewTxOut(5, tagged(txscript.OP_SSTX)), wire.NewTxOut(0, commitment), wire.NewTxOut(0, tagged(txscript.OP_SSTXCHANGE))}
			if change != nil {
				change(tx)
			}
		})
	}
	negative := func(tx *wire.MsgTx) { tx.TxOut[0].Value = -5 }
	const blockTime = 1_700_000_000
	first := tx(1, coinbase)
	for name, test := range map[string]struct {
		regular, stake []*wire.MsgTx // the last one of all is bad, unless there is no reason
		why            error
	}{
		"nothing is wrong":               {[]*wire.MsgTx{first, tx(2, nil)}, []*wire.MsgTx{ticket(3, nil), ticket(4, nil)}, nil},
		"a negative amount":              {[]*wire.MsgTx{first, tx(2, negative)}, nil, standalone.ErrBadTxOutValue},
		"a ticket of a negative amount":  {[]*wire.MsgTx{first}, []*wire.MsgTx{ticket(2, negative)}, standalone.ErrBadTxOutValue},
		"no coinbase":                    {[]*wire.MsgTx{tx(2, nil)}, nil, errFirstCoinbase},
		"no regular transaction":         {nil, []*wire.MsgTx{first}, errFirstCoinbase},
		"a second coinbase":              {[]*wire.MsgTx{first, tx(2, coinbase)}, nil, errFirstCoinbase},
		"coins made beside others spent": {[]*wire.MsgTx{first, tx(2, func(tx *wire.MsgTx) { tx.AddTxIn(first.TxIn[0]) })}, nil, errFirstCoinbase},
		"expired":                        {[]*wire.MsgTx{first}, []*wire.MsgTx{ticket(2, func(tx *wire.MsgTx) { tx.Expiry = 7 })}, errExpired},
		"not expired yet":                {[]*wire.MsgTx{first, tx(2, func(tx *wire.MsgTx) { tx.Expiry = 8 })}, nil, nil},
		"locked until later":             {[]*wire.MsgTx{first, tx(2, locked(7))}, nil, errNotFinal},
		"locked until this block":        {[]*wire.MsgTx{first, tx(2, locked(6))}, nil, nil},
		"locked, and said to be final":   {[]*wire.MsgTx{first, tx(2, func(tx *wire.MsgTx) { tx.LockTime = 9 })}, nil, nil},
		"locked until its time":          {[]*wire.MsgTx{first, tx(2, locked(blockTime))}, nil, errNotFinal},
		"locked until a second before":   {[]*wire.MsgTx{first, tx(2, locked(blockTime-1))}, nil, nil},
		"a ticket locked until its time": {[]*wire.MsgTx{first}, []*wire.MsgTx{ticket(2, locked(blockTime))}, errNotFinal},
		"a ticket among regular ones":    {[]*wire.MsgTx{first, ticket(2, nil)}, nil, errStakeTree},
		"a regular one among tickets":    {[]*wire.MsgTx{first}, []*wire.MsgTx{ticket(2, nil), tx(3, nil)}, errRegularTree},
		"the same twice":                 {[]*wire.MsgTx{first, tx(2, nil), tx(2, nil)}, nil, errTwice},
		"two that spend the same": {[]*wire.MsgTx{first, tx(2, nil)}, []*wire.MsgTx{ticket(2, func(tx *wire.MsgTx) {
			tx.TxOut[0].Value, tx.TxIn[0].PreviousOutPoint.Tree = 6, wire.TxTreeStake
		})}, errSpentInBlock},
		"one that spends the same twice": {[]*wire.MsgTx{first, tx(2, func(tx *wire.MsgTx) { tx.AddTxIn(tx.TxIn[0]) })}, nil, standalone.ErrDuplicateTxInputs},
	} {
		header := wire.BlockHeader{Timestamp: time.Unix(blockTime, 0)}
		err := CheckTransactions(SimNet(), id, &wire.MsgBlock{Header: header, Transactions: test.regular, STransactions: test.stake})
		if test.why == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		bad := append(test.regular, test.stake...)
		var invalid *InvalidBlock
		if !errors.As(err, &invalid) || !errors.Is(err, test.why) || invalid.Block != id || invalid.Tx != bad[len(bad)-1].TxHash() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
