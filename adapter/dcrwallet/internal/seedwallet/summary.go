package seedwallet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"decred.org/dcrwallet/v5/wallet"
)

// Summary is what a wallet holds, in an order that does not depend on how it came to hold
// it.
type Summary struct {
	Height   int32
	Tip      string
	Scanned  bool // up to the tip
	Accounts []Account
	History  []string // blocks and types of transactions
	Unspent  []string
}

// Account is an account with the indexes of the addresses that it hands out next.
type Account struct {
	Number                     uint32
	Name                       string
	NextExternal, NextInternal uint32
	UsedExternal, UsedInternal uint32
	Balances                   wallet.Balances
}

// Summary returns what the wallet holds.
func (w *Wallet) Summary(ctx context.Context) (s Summary, err error) {
	point, err := w.RescanPoint(ctx)
	if err != nil {
		return s, err
	}
	s.Scanned = point == nil
	hash, height := w.MainChainTip(ctx)
	s.Tip, s.Height = hash.String(), height
	if s.Accounts, err = w.accounts(ctx); err != nil {
		return s, err
	}
	if s.History, err = w.history(ctx); err != nil {
		return s, err
	}
	outputs, err := w.ListUnspent(ctx, 0, 1<<30, nil, "")
	if err != nil {
		return s, err
	}
	for _, o := range outputs {
		s.Unspent = append(s.Unspent, fmt.Sprintf("%s:%d tree %d %s %v DCR, %d confirmations, account %s, spendable %v",
			o.TxID, o.Vout, o.Tree, o.Address, o.Amount, o.Confirmations, o.Account, o.Spendable))
	}
	slices.Sort(s.Unspent)
	return s, nil
}

func (w *Wallet) accounts(ctx context.Context) ([]Account, error) {
	all, err := w.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var list []Account
	for _, a := range all.Accounts {
		balances, err := w.AccountBalance(ctx, a.AccountNumber, 1)
		if err != nil {
			return nil, err
		}
		entry := Account{
			Number: a.AccountNumber, Name: a.AccountName, Balances: balances,
			UsedExternal: a.LastUsedExternalIndex, UsedInternal: a.LastUsedInternalIndex,
		}
		if a.AccountName != "imported" {
			if entry.NextExternal, entry.NextInternal, err = w.BIP0044BranchNextIndexes(ctx, a.AccountNumber); err != nil {
				return nil, err
			}
		}
		list = append(list, entry)
	}
	slices.SortFunc(list, func(a, b Account) int { return cmp.Compare(a.Number, b.Number) })
	return list, nil
}

func (w *Wallet) history(ctx context.Context) ([]string, error) {
	var list []string
	err := w.GetTransactions(ctx, func(b *wallet.Block) (bool, error) {
		block := "unmined"
		if b.Header != nil {
			block = fmt.Sprintf("%d %v", b.Header.Height, b.Header.BlockHash())
		}
		for _, tx := range b.Transactions {
			list = append(list, fmt.Sprintf("%s %v type %d, fee %v, %d inputs, %d outputs",
				block, tx.Hash, tx.Type, tx.Fee, len(tx.MyInputs), len(tx.MyOutputs)))
		}
		return false, nil
	}, nil, nil)
	slices.Sort(list)
	return list, err
}
