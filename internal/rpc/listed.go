package rpc

import (
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// listing is a list of lines, one for each output of transactions that a choice
// of accounts and addresses takes, be it paid or received by the account. Without
// addresses all are taken.
type listing struct {
	account   string
	addresses []string
	skip      int64 // lines still to be left out
	most      int64 // lines to list
	lines     []api.ListedTransaction
}

// add adds the lines of a transaction, and reports whether more are wanted.
func (l *listing) add(tx *api.Transaction) bool {
	for _, d := range tx.Details {
		chosen := fits(l.account, d.Account) || slices.Contains(d.Payers, l.account)
		switch {
		case !chosen, len(l.addresses) > 0 && !slices.Contains(l.addresses, d.Address):
		case l.skip > 0:
			l.skip--
		case int64(len(l.lines)) < l.most:
			l.lines = append(l.lines, line(tx, d))
		}
	}
	return int64(len(l.lines)) < l.most
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
		TxType:          txType(tx.Type),
		Type:            tx.Type,
		WalletConflicts: tx.WalletConflicts,
		Label:           tx.Label,
	}
	if tx.BlockHash != "" {
		index := tx.BlockIndex
		l.BlockHash, l.BlockHeight, l.BlockIndex, l.BlockTime = tx.BlockHash, tx.BlockHeight, &index, tx.BlockTime
	}
	return l
}

// txType returns the type of a transaction by the names that dcrwallet has in
// lists. All others are regular there.
func txType(name string) string {
	switch name {
	case "ticket", "vote", "revocation":
		return name
	}
	return "regular"
}
