package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// Balances implements rpc.Ledger.
func (p walletPort) Balances(ctx context.Context, minConf int64) (api.Balance, error) {
	w, err := p.reading()
	if err != nil {
		return api.Balance{}, err
	}
	all, err := w.Balances(ctx, minConf)
	if err != nil {
		return api.Balance{}, walletError(err)
	}
	out := api.Balance{
		BlockHash:             all.Tip.Hash.String(),
		TotalImmatureCoinbase: api.Amount(all.Sum.ImmatureCoinbase),
		TotalImmatureStake:    api.Amount(all.Sum.ImmatureStake),
		TotalLockedByTickets:  api.Amount(all.Sum.LockedByTickets),
		TotalSpendable:        api.Amount(all.Sum.Spendable),
		CumulativeTotal:       api.Amount(all.Sum.Total),
		TotalUnconfirmed:      api.Amount(all.Sum.Unconfirmed),
		TotalVotingAuthority:  api.Amount(all.Sum.VotingAuthority),
	}
	for _, b := range all.Accounts {
		out.Balances = append(out.Balances, api.AccountBalance{
			AccountName:      b.Account,
			ImmatureCoinbase: api.Amount(b.ImmatureCoinbase),
			ImmatureStake:    api.Amount(b.ImmatureStake),
			LockedByTickets:  api.Amount(b.LockedByTickets),
			Spendable:        api.Amount(b.Spendable),
			Total:            api.Amount(b.Total),
			Unconfirmed:      api.Amount(b.Unconfirmed),
			VotingAuthority:  api.Amount(b.VotingAuthority),
		})
	}
	return out, nil
}

// Transactions implements rpc.Ledger.
func (p walletPort) Transactions(ctx context.Context, above int64) ([]api.Transaction, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	history, err := w.History(ctx, wallet.HistoryFilter{Above: height(above)})
	if err != nil {
		return nil, walletError(err)
	}
	list := make([]api.Transaction, len(history))
	for i, tx := range history {
		if list[i], err = transaction(tx); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Transaction implements rpc.Ledger.
func (p walletPort) Transaction(ctx context.Context, hash chainhash.Hash) (api.Transaction, error) {
	w, err := p.reading()
	if err != nil {
		return api.Transaction{}, err
	}
	tx, err := w.Transaction(ctx, hash)
	if err != nil {
		return api.Transaction{}, walletError(err)
	}
	return transaction(tx)
}

// transaction translates a transaction.
func transaction(tx *wallet.Transaction) (api.Transaction, error) {
	raw, err := tx.Tx.Bytes()
	if err != nil {
		return api.Transaction{}, fmt.Errorf("serialize transaction %s: %w", tx.Hash, err)
	}
	out := api.Transaction{
		Amount:          api.Amount(tx.Net()),
		Confirmations:   tx.Confirmations,
		TxID:            tx.Hash.String(),
		WalletConflicts: []string{},
		Time:            tx.Time.Unix(),
		TimeReceived:    tx.Time.Unix(),
		Details:         []api.Detail{},
		Hex:             hex.EncodeToString(raw),
		Type:            tx.Kind.String(),
		TicketStatus:    tx.TicketStatus.String(),
		Label:           tx.Label,
	}
	if tx.Mined() {
		out.BlockHash, out.BlockHeight, out.BlockIndex = tx.Block.String(), int64(tx.Place.Height), int64(tx.Place.Index)
		out.BlockTime = tx.Time.Unix()
	}
	if tx.FeeKnown {
		fee := api.Amount(tx.Fee)
		out.Fee = &fee
	}
	for _, e := range tx.Entries() {
		d := api.Detail{
			Account: e.Account, Address: e.Address, Amount: api.Amount(e.Amount), Category: e.Category.String(), Vout: e.Index,
		}
		if e.Amount < 0 {
			d.Payers = payers(tx)
		}
		if e.Amount < 0 && tx.FeeKnown {
			fee := -api.Amount(tx.Fee)
			d.Fee = &fee
		}
		out.Details = append(out.Details, d)
	}
	return out, nil
}

// payers returns the accounts whose outputs a transaction spends.
func payers(tx *wallet.Transaction) []string {
	var list []string
	for _, d := range tx.Debits {
		if !slices.Contains(list, d.Account) {
			list = append(list, d.Account)
		}
	}
	return list
}

// Received implements rpc.Ledger.
func (p walletPort) Received(ctx context.Context, minConf int64) ([]api.Received, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	all, err := w.Received(ctx, minConf)
	list := make([]api.Received, len(all))
	for i, r := range all {
		list[i] = api.Received{Account: r.Account, Address: r.Address, Amount: api.Amount(r.Amount)}
	}
	return list, walletError(err)
}

// Abandon implements rpc.Ledger.
func (p walletPort) Abandon(ctx context.Context, hash chainhash.Hash) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.Abandon(ctx, hash))
}
