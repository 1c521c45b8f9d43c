package miner

import (
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// The payments to strangers that blocks carry, in atoms.
const (
	paymentAmount = 100_000
	spareAmount   = 50_000 // left over at least, for the fee and the change
)

// payment returns a transaction that pays an amount to a script, or nil if no
// coin is large enough.
func (l *ledger) payment(script []byte, amount int64) (*wire.MsgTx, error) {
	from := l.pick(amount + spareAmount)
	if from == nil {
		return nil, nil
	}
	tx := wire.NewMsgTx()
	tx.AddTxOut(wire.NewTxOut(amount, script))
	return tx, l.fund(tx, from)
}

// stranger returns the script of an address that has no known key: a
// different one for each height and index.
func (l *ledger) stranger(index int) ([]byte, error) {
	seed := binary.BigEndian.AppendUint64(nil, uint64(l.height())<<16|uint64(index))
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(chainhash.HashB(seed)), l.params)
	if err != nil {
		return nil, fmt.Errorf("derive address %d of height %d: %w", index, l.height(), err)
	}
	_, script := addr.PaymentScript()
	return script, nil
}
