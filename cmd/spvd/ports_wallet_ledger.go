package main

import (
	"context"
	"encoding/hex"
	"errors"
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
func (p walletPort) Transactions(ctx context.Context, above int64, addresses []string, yield func(*api.Transaction) bool) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	labels, err := w.Labels(ctx)
	if err != nil {
		return walletError(err)
	}
	filter := wallet.HistoryFilter{Above: height(above)}
	if filter.Addresses, err = indexed(ctx, w, addresses); err != nil {
		return walletError(err)
	}
	var failed error
	err = w.EachTransaction(ctx, filter, func(tx *wallet.Transaction) bool {
		out, err := transaction(tx, labels)
		failed = err
		return err == nil && yield(&out)
	})
	return errors.Join(failed, walletError(err))
}

// indexed returns the addresses if the wallet can find their transactions by an
// index: if all are its own. What was paid to others is found by looking at all.
func indexed(ctx context.Context, w *wallet.Wallet, addresses []string) ([]string, error) {
	for _, a := range addresses {
		if info, err := w.AddressInfo(ctx, a); err != nil || !info.Mine {
			return nil, err
		}
	}
	return addresses, nil
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
	labels, err := w.Labels(ctx)
	if err != nil {
		return api.Transaction{}, walletError(err)
	}
	return transaction(tx, labels)
}

// transaction translates a transaction. Labels are those of its addresses.
func transaction(tx *wallet.Transaction, labels map[string]string) (api.Transaction, error) {
	raw, err := tx.Tx.Bytes()
	if err != nil {
		return api.Transaction{}, fmt.Errorf("serialize transaction %s: %w", tx.Hash, err)
	}
	out := api.Transaction{
		Amount:          api.Amount(tx.Net()),
		Confirmations:   tx.Confirmations,
		Disapproved:     tx.Void,
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
	for _, other := range tx.Conflicts {
		out.WalletConflicts = append(out.WalletConflicts, other.String())
	}
	if tx.FeeKnown {
		fee := api.Amount(tx.Fee)
		out.Fee = &fee
	}
	for _, e := range tx.Entries() {
		d := api.Detail{
			Account: e.Account, Address: e.Address, Amount: api.Amount(e.Amount), Category: e.Category.String(), Vout: e.Index,
			AddressLabel: labels[e.Address],
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

// SetLabel implements rpc.Ledger.
func (p walletPort) SetLabel(ctx context.Context, subject, label string) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.SetLabel(ctx, subject, label))
}

// Labels implements rpc.Ledger.
func (p walletPort) Labels(ctx context.Context) (map[string]string, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	labels, err := w.Labels(ctx)
	return labels, walletError(err)
}
