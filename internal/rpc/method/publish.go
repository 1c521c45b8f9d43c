package method

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// publishMethods returns the methods about publishing.
func publishMethods() []Method {
	return []Method{
		sendRawTransaction(),
		listPublished(),
		estimateSmartFee(),
		getWalletFee(),
	}
}

// highFee is the fee per 1,000 bytes from which a transaction counts as a mistake of the
// user: a thousand times the rate that nodes demand.
const highFee = 1000 * relayFee

func getWalletFee() Method {
	return Method{
		Name:    "getwalletfee",
		Reads:   true,
		Summary: "Returns the fee per kilobyte below which nodes do not relay transactions.",
		Help:    "See estimatesmartfee for what is paid on the chain.",
		Result:  "an amount in coins",
		Returns: []any{api.Amount(0)},
		Example: `[]`,
		Handle: func(context.Context, *Call) (any, error) {
			return api.Amount(relayFee), nil
		},
	}
}

func sendRawTransaction() Method {
	return Method{
		Name:    "sendrawtransaction",
		Waits:   true,
		Summary: "Publishes a signed transaction.",
		Help: "It is offered to one peer first, and to more while no other peer announces it, until it is mined or has expired. " +
			"A transaction that concerns the wallet is kept across restarts. Any other is kept in memory only, for a day at most, " +
			"and the daemon cannot find out whether it is mined. A peer does not report a transaction that it refuses: see listpublished for what has become of it. " +
			"One that pays a thousand times the usual fee, by what its inputs say, is refused unless allowhighfees is set. " +
			"The error is -22 for what is no transaction, -25 for one that cannot be mined, -9 without peers; nothing has changed then.",
		Params: []param{
			{name: "hextx", kind: kindString, text: "The transaction in hex."},
			{name: "allowhighfees", kind: kindBool, optional: true, def: false, text: "Publish it whatever it pays."},
		},
		Result:  "the hash of the transaction",
		Returns: []any{""},
		Example: `["` + exampleRawTx + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			tx, err := c.transaction("hextx")
			if err != nil {
				return nil, err
			}
			if fee, high := paysHighFee(tx); high && !c.bool("allowhighfees") {
				return nil, fail(api.CodeRejected, "it pays a fee of %s; set allowhighfees if that is meant", fee)
			}
			if err := c.ownInputs(ctx, tx); err != nil {
				return nil, err
			}
			_, err = c.Syncer.Publish(ctx, tx)
			switch {
			case errors.Is(err, spv.ErrRejected), errors.Is(err, spv.ErrTooMany), errors.Is(err, wallet.ErrMined):
				return nil, fail(api.CodeRejected, "%v", err)
			case err != nil:
				return nil, err
			}
			return tx.TxHash().String(), nil
		},
	}
}

// ownInputs returns an error for a transaction of a client that may use some wallets only, unless it
// spends nothing but outputs of the wallet of the call. What another wallet says about a
// transaction would tell whether it has the output.
func (c *Call) ownInputs(ctx context.Context, tx *wire.MsgTx) error {
	if !c.caller.limited() {
		return nil
	}
	w, err := c.open()
	if err != nil {
		return err
	}
	for i, in := range tx.TxIn {
		op := in.PreviousOutPoint
		paid, err := w.Transaction(ctx, op.Hash)
		if err != nil && !errors.Is(err, wallet.ErrNoTransaction) {
			return err
		}
		if err != nil || !slices.ContainsFunc(paid.Credits, func(c wallet.Credit) bool { return c.Index == op.Index && !c.Commitment }) {
			return fail(api.CodeForbidden, "input %d spends no output of this wallet: a user of wallets may publish only what does", i)
		}
	}
	return nil
}

// transaction returns the transaction that a parameter holds in hex. One that is too large for
// any block is refused before it is decoded: to spell it out takes many times its size.
func (c *Call) transaction(name string) (*wire.MsgTx, error) {
	raw, err := c.bytes(name)
	if err != nil {
		return nil, err
	}
	if most := c.Params.ChainParams.MaxTxSize; len(raw) > most {
		return nil, fail(api.CodeRejected, "parameter %s has %d bytes, and no transaction of more than %d can be mined", name, len(raw), most)
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

func listPublished() Method {
	return Method{
		Name:    "listpublished",
		Reads:   true,
		Summary: "Tells what has become of the transactions that were published.",
		Help: "waiting: not offered to any peer yet, because the sync is not complete. offered: offered to peers, and not announced by any " +
			"other peer so far. " +
			"seen: announced by a peer that it was not offered to. mined, expired: as the word says. dropped: double spent, or abandoned. " +
			"ended: it does not concern the wallet, and was published for a day. " +
			"Of the transactions whose publishing has ended, the newest are listed until a restart.",
		Result:  "an array of what is and was published, oldest first",
		Returns: []any{[]api.Publication{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			list := c.Syncer.Publications()
			if c.caller.limited() {
				w, err := c.open()
				if err != nil {
					return nil, err
				}
				list = slices.DeleteFunc(list, func(p spv.Publication) bool {
					_, err := w.Transaction(ctx, p.Hash)
					return err != nil
				})
			}
			return view.Publications(list), nil
		},
	}
}

// The modes of estimatesmartfee.
const (
	conservative = "conservative"
	economical   = "economical"
)

// maxTarget is the most blocks within which a transaction can be asked to be mined.
const maxTarget = 1008

func estimateSmartFee() Method {
	return Method{
		Name:    "estimatesmartfee",
		Reads:   true,
		Summary: "Returns the fee per 1,000 bytes that a transaction should pay.",
		Help: "The rate is the one below which nodes relay nothing, unless full blocks were seen among the newest: then it is the highest of their " +
			"median rates or, in the economical mode, of their lowest rates. Only blocks that concern the wallet or that a client has requested are fetched and seen; source says how many, and what the rate comes from.",
		Params: []param{
			{name: "confirmations", kind: kindInt, text: "Within how many blocks it shall be mined, 1 to 1008."},
			{name: "mode", kind: kindString, optional: true, def: conservative, text: "conservative or economical."},
		},
		Result:  "an object with dcrd's fields and ours",
		Returns: []any{api.SmartFee{}},
		Example: `[2]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			within, mode := c.int("confirmations"), c.str("mode")
			if within < 1 || within > maxTarget {
				return nil, fail(api.CodeInvalid, "parameter confirmations is %d, not from 1 to %d", within, maxTarget)
			}
			if mode != conservative && mode != economical {
				return nil, fail(api.CodeInvalid, "parameter mode is %s, neither %s nor %s", shorten([]byte(mode)), conservative, economical)
			}
			fee := estimate(c.Params.ChainParams, c.Syncer.Fees(), mode == economical)
			fee.Blocks = within
			if c.caller.limited() { // the blocks that were seen are those that wallets needed
				fee.SeenBlocks, fee.FullBlocks = 0, 0
				fee.Source, _, _ = strings.Cut(strings.Replace(fee.Source, ":", ";", 1), ";")
			}
			return fee, nil
		},
	}
}

// estimate returns the fee rate that follows from policy and the blocks that were
// seen. A block is full when less than a tenth of it is free.
func estimate(params *chaincfg.Params, seen []spv.BlockFees, least bool) api.SmartFee {
	fee := api.SmartFee{FeeRate: api.Amount(relayFee), SeenBlocks: len(seen)}
	full := params.MaximumBlockSizes[len(params.MaximumBlockSizes)-1] / 10 * 9
	for _, b := range seen {
		if b.Size < full || b.Txs == 0 {
			continue
		}
		fee.FullBlocks++
		rate := b.Median
		if least {
			rate = b.Lowest
		}
		fee.FeeRate = max(fee.FeeRate, api.Amount(rate))
	}
	fee.Source = fmt.Sprintf("the least that nodes relay; %d of the newest %d blocks were seen, and %d of those were full", len(seen), spv.FeeBlocks, fee.FullBlocks)
	if fee.FeeRate > api.Amount(relayFee) {
		fee.Source = fmt.Sprintf("what was paid in full blocks: %d of the newest %d blocks were seen, and %d of those were full", len(seen), spv.FeeBlocks, fee.FullBlocks)
	}
	return fee
}
