package rpc

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/internal/rpc/api"
)

// The modes of estimatesmartfee.
const (
	conservative = "conservative"
	economical   = "economical"
)

func estimateSmartFee() method {
	return method{
		name:    "estimatesmartfee",
		reads:   true,
		summary: "Returns the fee per 1,000 bytes that a transaction should pay.",
		help: "That is the fee below which nodes relay nothing, unless newest blocks were seen that had little room left: then it is what " +
			"their transactions paid, in the middle, or at least in the economical mode. Only blocks that concern the wallet or were asked " +
			"for are fetched and seen; source says how many, and what the rate comes from.",
		params: []param{
			{name: "confirmations", kind: kindInt, text: "Within how many blocks it shall be mined, 1 to 1008."},
			{name: "mode", kind: kindString, optional: true, def: conservative, text: "conservative or economical."},
		},
		result:  "an object with dcrd's fields and ours",
		returns: []any{api.SmartFee{}},
		example: `[2]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			const most = 1008
			within, mode := a.int("confirmations"), a.str("mode")
			if within < 1 || within > most {
				return nil, fail(api.CodeInvalid, "parameter confirmations is %d, not from 1 to %d", within, most)
			}
			if mode != conservative && mode != economical {
				return nil, fail(api.CodeInvalid, "parameter mode is %s, neither %s nor %s", shorten([]byte(mode)), conservative, economical)
			}
			seen, of := b.Relay.SeenFees()
			fee := estimate(b.params, seen, of, mode == economical)
			fee.Blocks = within
			return fee, nil
		},
	}
}

// estimate returns the fee rate that follows from policy and the blocks that were
// seen. A block is full when less than a tenth of it is free.
func estimate(params *chaincfg.Params, seen []BlockFees, of int, least bool) api.SmartFee {
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
	fee.Source = fmt.Sprintf("the least that nodes relay; %d of the newest %d blocks were seen, and %d of those were full", len(seen), of, fee.FullBlocks)
	if fee.FeeRate > api.Amount(relayFee) {
		fee.Source = fmt.Sprintf("what was paid in full blocks: %d of the newest %d blocks were seen, and %d of those were full", len(seen), of, fee.FullBlocks)
	}
	return fee
}
