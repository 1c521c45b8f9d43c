package rpc

import (
	"context"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/internal/rpc/api"
)

// highFee is the fee per 1,000 bytes that only somebody pays who has mistaken
// something: a thousand times what nodes ask for.
const highFee = 1000 * relayFee

func sendRawTransaction() method {
	return method{
		name:    "sendrawtransaction",
		summary: "Publishes a signed transaction.",
		help: "It is offered to one peer first, and to more while no other peer announces it, until it is mined or has expired. " +
			"One that concerns the wallet is kept across restarts; another one is kept in memory only, for a day at most, and nobody " +
			"can tell whether it is mined. A peer says nothing about what it refuses: see listpublished for what has become of it. " +
			"One that pays a thousand times the usual fee, by what its inputs say, is refused unless allowhighfees is set. " +
			"The error is -22 for what is no transaction, -25 for one that cannot be mined, -9 without peers; nothing has changed then.",
		params: []param{
			{name: "hextx", kind: kindString, text: "The transaction in hex."},
			{name: "allowhighfees", kind: kindBool, optional: true, def: false, text: "Publish it whatever it pays."},
		},
		result:  "the hash of the transaction",
		returns: []any{""},
		example: `["` + exampleRawTx + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			tx, err := a.transaction("hextx")
			if err != nil {
				return nil, err
			}
			if fee, high := paysHighFee(tx); high && !a.bool("allowhighfees") {
				return nil, fail(api.CodeRejected, "it pays a fee of %s; set allowhighfees if that is meant", fee)
			}
			if err := b.Relay.Publish(ctx, tx); err != nil {
				return nil, err
			}
			return tx.TxHash().String(), nil
		},
	}
}

// transaction returns the transaction that a parameter holds in hex.
func (a args) transaction(name string) (*wire.MsgTx, error) {
	raw, err := a.bytes(name)
	if err != nil {
		return nil, err
	}
	tx, err := parse.Tx(raw)
	if err != nil || len(tx.TxIn) == 0 {
		return nil, fail(api.CodeHex, "parameter %s is not a transaction", name)
	}
	return tx, nil
}

// paysHighFee returns what a transaction pays by the amounts that its inputs
// state, and whether that is far too much. An input that states none spoils the
// sum, and then nothing is known.
func paysHighFee(tx *wire.MsgTx) (fee dcrutil.Amount, high bool) {
	for _, in := range tx.TxIn {
		if in.ValueIn <= 0 {
			return 0, false
		}
		fee += dcrutil.Amount(in.ValueIn)
	}
	for _, out := range tx.TxOut {
		fee -= dcrutil.Amount(out.Value)
	}
	const kilobyte = 1000
	return fee, fee > highFee*dcrutil.Amount(tx.SerializeSize())/kilobyte
}
