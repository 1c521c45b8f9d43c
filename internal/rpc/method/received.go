package method

import (
	"context"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// receivedMethods returns the methods about what was ever paid to the wallet.
func receivedMethods() []Method {
	return []Method{
		listReceivedByAddress(),
		listReceivedByAccount(),
		auditReuse(),
	}
}

func listReceivedByAddress() Method {
	return Method{
		Name:    "listreceivedbyaddress",
		Reads:   true,
		Summary: "Lists what was ever paid to each address, spent since or not.",
		Params: []param{
			minConfParam(),
			{name: "includeempty", kind: kindBool, optional: true, def: false, text: "Whether addresses are listed that were handed out and never paid."},
			watchOnlyParam(),
		},
		Result:  "an array with an object for each address; confirmations are those of the newest payment",
		Returns: []any{[]api.ReceivedByAddress{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			minConf, err := c.count("minconf")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			all, err := w.Receipts(ctx, minConf, c.bool("includeempty"))
			list := make([]api.ReceivedByAddress, len(all))
			for i := range all {
				list[i] = view.Receipts(&all[i])
			}
			return list, err
		},
	}
}

func listReceivedByAccount() Method {
	return Method{
		Name:    "listreceivedbyaccount",
		Reads:   true,
		Summary: "Lists what was ever paid to each account, spent since or not.",
		Params: []param{
			minConfParam(),
			{name: "includeempty", kind: kindBool, optional: true, def: false, text: "Has no effect: all accounts are listed, as dcrwallet does."},
			watchOnlyParam(),
		},
		Result:  "an array with an object for each account; confirmations are those of the newest payment",
		Returns: []any{[]api.ReceivedByAccount{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			minConf, err := c.count("minconf")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			all, err := w.ReceivedByAccounts(ctx, minConf)
			list := make([]api.ReceivedByAccount, len(all))
			for i, r := range all {
				list[i] = api.ReceivedByAccount{Account: r.Account, Amount: api.Amount(r.Amount), Confirmations: r.Confirmations}
			}
			return list, err
		},
	}
}

func auditReuse() Method {
	return Method{
		Name:    "auditreuse",
		Reads:   true,
		Summary: "Lists the addresses of the wallet that were paid more than once.",
		Help:    "What votes and revocations return does not count: their tickets have named those addresses before.",
		Params:  []param{{name: "since", kind: kindInt, optional: true, def: int64(0), text: "Only addresses that were paid in a block of this height or a later one, or are in an unmined transaction."}},
		Result:  "an object with an array of outputs, as txid:index, for each address",
		Returns: []any{map[string][]string{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			since, err := c.count("since")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			reuse, recent := make(map[string][]string), make(map[string]bool)
			err = w.EachTransaction(ctx, wallet.HistoryFilter{}, func(tx *wallet.Transaction) bool {
				if tx.Kind == wallet.Vote || tx.Kind == wallet.Revocation {
					return true
				}
				for _, credit := range tx.Credits {
					if credit.Address == "" || credit.Source == wallet.FromTicket && !credit.Commitment {
						continue
					}
					point := wire.OutPoint{Hash: tx.Hash, Index: credit.Index}
					reuse[credit.Address] = append(reuse[credit.Address], point.String())
					recent[credit.Address] = recent[credit.Address] || !tx.Mined() || int64(tx.Place.Height) >= since
				}
				return true
			})
			for address, points := range reuse {
				if len(points) < 2 || !recent[address] {
					delete(reuse, address)
				}
			}
			return reuse, err
		},
	}
}
