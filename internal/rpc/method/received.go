package method

import (
	"cmp"
	"context"
	"slices"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
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
			by := make(map[string]*api.ReceivedByAddress)
			if c.bool("includeempty") {
				if err := emptyAddresses(w, by); err != nil {
					return nil, err
				}
			}
			err = w.EachTransaction(ctx, wallet.HistoryFilter{}, func(tx *wallet.Transaction) bool {
				addReceived(by, tx, minConf)
				return true
			})
			if err != nil {
				return nil, err
			}
			list := []api.ReceivedByAddress{}
			for _, r := range by {
				slices.Reverse(r.TxIDs) // oldest first
				list = append(list, *r)
			}
			slices.SortFunc(list, func(a, b api.ReceivedByAddress) int { return cmp.Compare(a.Address, b.Address) })
			return list, nil
		},
	}
}

// emptyAddresses adds the addresses that were handed out.
func emptyAddresses(w *wallet.Wallet, by map[string]*api.ReceivedByAddress) error {
	names := []string{importedAccount}
	for _, a := range w.Accounts() {
		names = append(names, a.Name)
	}
	for _, name := range names {
		addresses, err := w.Addresses(name)
		if err != nil {
			return err
		}
		for _, a := range addresses {
			by[a] = &api.ReceivedByAddress{Account: name, Address: a}
		}
	}
	return nil
}

// addReceived adds what a transaction pays to addresses. Transactions come newest first.
func addReceived(by map[string]*api.ReceivedByAddress, tx *wallet.Transaction, minConf int64) {
	if tx.Confirmations < minConf || tx.Void {
		return
	}
	for _, credit := range tx.Credits {
		if credit.Commitment || credit.Source == wallet.FromTicket || credit.Address == "" {
			continue
		}
		r := by[credit.Address]
		if r == nil {
			r = &api.ReceivedByAddress{Account: credit.Account, Address: credit.Address}
			by[credit.Address] = r
		}
		if len(r.TxIDs) == 0 {
			r.Confirmations = tx.Confirmations
		}
		r.Amount += api.Amount(credit.Amount)
		r.TxIDs = append(r.TxIDs, tx.Hash.String())
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
			all, err := w.Received(ctx, minConf)
			if err != nil {
				return nil, err
			}
			list := []api.ReceivedByAccount{}
			for _, name := range append(accountNames(w), importedAccount) {
				sum := api.ReceivedByAccount{Account: name}
				for i := range all {
					if r := &all[i]; r.Account == name {
						if sum.Amount == 0 || r.Confirmations < sum.Confirmations {
							sum.Confirmations = r.Confirmations
						}
						sum.Amount += api.Amount(r.Amount)
					}
				}
				list = append(list, sum)
			}
			return list, nil
		},
	}
}

func accountNames(w *wallet.Wallet) []string {
	var names []string
	for _, a := range w.Accounts() {
		names = append(names, a.Name)
	}
	return names
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
