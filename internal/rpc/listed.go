package rpc

import (
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// listed spells out transactions as lists have them: one line for each output
// that a choice of accounts and addresses takes, be it paid or received by the
// account. Without addresses all are taken.
func listed(txs []api.Transaction, account string, addresses []string) []api.ListedTransaction {
	list := []api.ListedTransaction{}
	for i := range txs {
		tx := &txs[i]
		for _, d := range tx.Details {
			chosen := fits(account, d.Account) || slices.Contains(d.Payers, account)
			if chosen && (len(addresses) == 0 || slices.Contains(addresses, d.Address)) {
				list = append(list, line(tx, d))
			}
		}
	}
	return list
}

// line returns one line of a transaction.
func line(tx *api.Transaction, d api.Detail) api.ListedTransaction {
	l := api.ListedTransaction{
		Detail:          d,
		Confirmations:   tx.Confirmations,
		Generated:       d.Category == "generate" || d.Category == "immature",
		Time:            tx.Time,
		TimeReceived:    tx.TimeReceived,
		TxID:            tx.TxID,
		TxType:          tx.Type,
		WalletConflicts: tx.WalletConflicts,
		Label:           tx.Label,
	}
	if tx.BlockHash != "" {
		index := tx.BlockIndex
		l.BlockHash, l.BlockHeight, l.BlockIndex, l.BlockTime = tx.BlockHash, tx.BlockHeight, &index, tx.BlockTime
	}
	return l
}
