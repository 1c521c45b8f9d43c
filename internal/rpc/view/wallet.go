package view

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// Balance translates the balances of a wallet. What unmined transactions spend cannot be spent
// again: it is in no part, as in dcrwallet, and what they return is unconfirmed.
func Balance(all *wallet.Balances) *api.Balance {
	out := &api.Balance{
		BlockHash:             all.Tip.Hash.String(),
		TotalImmatureCoinbase: api.Amount(all.Sum.ImmatureCoinbase),
		TotalImmatureStake:    api.Amount(all.Sum.ImmatureStake),
		TotalLockedByTickets:  api.Amount(all.Sum.LockedByTickets),
		TotalSpendable:        api.Amount(all.Sum.Spendable - all.Sum.Spending),
		CumulativeTotal:       api.Amount(all.Sum.Total),
		TotalUnconfirmed:      api.Amount(all.Sum.Unconfirmed + all.Sum.Spending),
		TotalVotingAuthority:  api.Amount(all.Sum.VotingAuthority),
	}
	for _, b := range all.Accounts {
		out.Balances = append(out.Balances, api.AccountBalance{
			AccountName:      b.Account,
			ImmatureCoinbase: api.Amount(b.ImmatureCoinbase),
			ImmatureStake:    api.Amount(b.ImmatureStake),
			LockedByTickets:  api.Amount(b.LockedByTickets),
			Spendable:        api.Amount(b.Spendable - b.Spending),
			Total:            api.Amount(b.Total),
			Unconfirmed:      api.Amount(b.Unconfirmed + b.Spending),
			VotingAuthority:  api.Amount(b.VotingAuthority),
		})
	}
	return out
}

// Transaction translates a transaction. It is an error if the transaction cannot be
// serialized.
func Transaction(tx *wallet.Transaction) (api.Transaction, error) {
	raw, err := tx.Tx.Bytes()
	if err != nil {
		return api.Transaction{}, fmt.Errorf("serialize transaction %s: %w", tx.Hash, err)
	}
	out := api.Transaction{
		Amount:          api.Amount(tx.Net()),
		Confirmations:   tx.Confirmations,
		Disapproved:     tx.Void,
		TxID:            tx.Hash.String(),
		WalletConflicts: hashes(tx.Conflicts),
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
		fee := -api.Amount(tx.Fee)
		out.Fee = &fee
	}
	for _, e := range tx.Entries() {
		out.Details = append(out.Details, detail(tx, &e))
	}
	return out, nil
}

// category returns the category of an entry that dcrwallet has, and ours where it says more.
func category(tx *wallet.Transaction, e *wallet.Entry) (dcrwallets, ours string) {
	ours = e.Category.String()
	switch {
	case tx.Kind == wallet.Coinbase:
		return ours, ""
	case e.Amount < 0:
		dcrwallets = wallet.Send.String()
	default:
		dcrwallets = wallet.Receive.String()
	}
	if ours == dcrwallets {
		ours = ""
	}
	return dcrwallets, ours
}

// detail translates an entry of a transaction.
func detail(tx *wallet.Transaction, e *wallet.Entry) api.Detail {
	d := api.Detail{
		Account: e.Account, Address: e.Address, Amount: api.Amount(e.Amount), Vout: e.Index,
		AddressLabel: e.Label,
	}
	d.Category, d.Purpose = category(tx, e)
	if e.Amount < 0 && tx.FeeKnown {
		fee := -api.Amount(tx.Fee)
		d.Fee = &fee
	}
	return d
}

// Confirmation translates how often a transaction is confirmed, with what it pays to the wallet.
func Confirmation(tx *wallet.Transaction) api.Confirmation {
	out := api.Confirmation{
		TxID: tx.Hash.String(), Confirmations: tx.Confirmations, Amount: api.Amount(tx.Net()), Label: tx.Label, Payments: []api.ConfirmedPayment{},
	}
	if tx.Mined() {
		out.BlockHash, out.BlockHeight = tx.Block.String(), int64(tx.Place.Height)
	}
	for i := range tx.Credits {
		c := &tx.Credits[i]
		if c.Commitment {
			continue
		}
		p := api.ConfirmedPayment{Vout: c.Index, Account: c.Account, Address: c.Address, Amount: api.Amount(c.Amount), Change: c.Change}
		if o := &tx.Outputs[c.Index]; o.Address == c.Address {
			p.Label = o.Label
		}
		out.Payments = append(out.Payments, p)
	}
	return out
}

// Spends returns the outputs of the wallet that a transaction spends.
func Spends(tx *wallet.Transaction) []api.Spend {
	list := make([]api.Spend, len(tx.Debits))
	for i, d := range tx.Debits {
		spent := &tx.Tx.TxIn[d.Index].PreviousOutPoint
		list[i] = api.Spend{
			OutPoint: api.OutPoint{TxID: spent.Hash.String(), Vout: spent.Index, Tree: spent.Tree},
			Account:  d.Account, Address: d.Address, Amount: api.Amount(d.Amount),
			SpentBy: tx.Hash.String(), Vin: d.Index,
		}
		if tx.Mined() {
			list[i].BlockHash, list[i].BlockHeight = tx.Block.String(), int64(tx.Place.Height)
		}
	}
	return list
}

// Jobs returns the jobs of the wallet of a name at a status of the syncer, oldest first.
func Jobs(name string, w *wallet.Wallet, st *spv.Status) []api.Job {
	tip := consensus.Never
	if st.Initialised {
		tip = st.Rescan.Target
	}
	list := []api.Job{}
	for _, j := range w.Jobs(tip, st.FirstSyncDone) {
		list = append(list, job(name, &j, st))
	}
	return list
}

// job translates a job. Its rate is that of the scan.
func job(name string, j *wallet.Job, st *spv.Status) api.Job {
	out := api.Job{
		ID: int64(j.ID), Wallet: name, Kind: j.Kind.String(), State: j.State.String(),
		From: int64(j.From), At: int64(j.At), Target: int64(j.Target),
		Began: j.Began.Unix(), Progress: j.Progress(),
	}
	if !j.Ended.IsZero() {
		out.Ended = j.Ended.Unix()
	}
	switch {
	case j.Over():
	case !st.FirstSyncDone && j.At >= j.Target:
		out.Progress = min(out.Progress, st.Ratio) // the chain may go on
	case st.Err != nil:
		out.Error = st.Err.Error()
	case j.State == wallet.JobRunning && st.Rescan.Rate > 0:
		left := time.Duration(float64(j.Target-j.At) / st.Rescan.Rate * float64(time.Second))
		out.Rate, out.ETA = st.Rescan.Rate, int64(math.Ceil(left.Seconds()))
	}
	return out
}

// Line translates an entry of a transaction to a line of listtransactions.
func Line(tx *wallet.Transaction, e *wallet.Entry) api.ListedTransaction {
	out := api.ListedTransaction{
		Detail:          detail(tx, e),
		Confirmations:   tx.Confirmations,
		Generated:       tx.Kind == wallet.Coinbase,
		Net:             api.Amount(tx.Net()),
		Time:            tx.Time.Unix(),
		TimeReceived:    tx.Time.Unix(),
		TxID:            tx.Hash.String(),
		TxType:          listedType(tx.Kind),
		Type:            tx.Kind.String(),
		WalletConflicts: hashes(tx.Conflicts),
		Label:           tx.Label,
	}
	if tx.Mined() {
		index := int64(tx.Place.Index)
		out.BlockHash, out.BlockHeight, out.BlockIndex = tx.Block.String(), int64(tx.Place.Height), &index
		out.BlockTime = tx.Time.Unix()
	}
	return out
}

// listedType returns the type of a transaction by the names that dcrwallet has in lists. All
// others are regular there.
func listedType(k wallet.Kind) string {
	switch k {
	case wallet.Ticket, wallet.Vote, wallet.Revocation:
		return k.String()
	case wallet.Regular, wallet.Coinbase, wallet.TreasuryBase, wallet.TreasuryAdd, wallet.TreasurySpend:
	}
	return wallet.Regular.String()
}

// hashes returns hashes as text. The list is not nil.
func hashes(list []chainhash.Hash) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].String()
	}
	return out
}

// Unspent translates an output that is not spent.
func Unspent(o *wallet.Output) api.Unspent {
	return api.Unspent{
		TxID:          o.OutPoint.Hash.String(),
		Vout:          o.OutPoint.Index,
		Tree:          o.OutPoint.Tree,
		TxType:        unspentType(o.Kind),
		Address:       o.Address,
		Account:       o.Account,
		ScriptPubKey:  hex.EncodeToString(o.PkScript),
		RedeemScript:  hex.EncodeToString(o.RedeemScript),
		Amount:        api.Amount(o.Amount),
		Confirmations: o.Confirmations,
		Spendable:     o.Mature && o.Source != wallet.FromTicket,
		Label:         o.Label,
	}
}

// Receipts translates what was ever paid to an address.
func Receipts(r *wallet.Receipts) api.ReceivedByAddress {
	out := api.ReceivedByAddress{Account: r.Account, Address: r.Address, Amount: api.Amount(r.Amount), Confirmations: r.Confirmations}
	for _, hash := range r.Hashes {
		out.TxIDs = append(out.TxIDs, hash.String())
	}
	return out
}

// unspentType returns the number that stands for a kind of transaction in listunspent:
// dcrwallet's, which are those of dcrd's stake package.
func unspentType(k wallet.Kind) int {
	switch k {
	case wallet.Ticket:
		return 1
	case wallet.Vote:
		return 2
	case wallet.Revocation:
		return 3
	case wallet.TreasuryAdd:
		return 4
	case wallet.TreasurySpend:
		return 5
	case wallet.Regular, wallet.Coinbase, wallet.TreasuryBase:
	}
	return 0
}

// Account translates an account.
func Account(a *wallet.Account) api.Account {
	return api.Account{
		Name:     a.Name,
		Number:   a.Number,
		Birthday: a.Birthday.String(),
		Gap:      a.Gap,
		External: max(a.Branches[wallet.External].Issued, a.Branches[wallet.External].Used),
		Internal: max(a.Branches[wallet.Internal].Issued, a.Branches[wallet.Internal].Used),
	}
}

// AddressInfo translates a wallet's record of an address.
func AddressInfo(info *wallet.AddressInfo) api.AddressInfo {
	out := api.AddressInfo{
		Address:     info.Address,
		IsMine:      info.Mine,
		IsWatchOnly: info.Mine,
		PubKey:      hex.EncodeToString(info.PublicKey),
		Account:     info.Account,
		Hex:         hex.EncodeToString(info.RedeemScript),
		Label:       info.Label,
		BeyondGap:   info.BeyondGap,
	}
	if info.Derived {
		out.AccountN, out.Branch, out.Index = &info.Number, &info.Branch, &info.Index
	}
	return out
}

// WalletState returns the state of a wallet as clients see it.
func WalletState(w wallet.FileInfo) string {
	switch {
	case errors.Is(w.Trouble, wallet.ErrCorrupt):
		return api.WalletDamaged
	case w.Trouble != nil && w.Open:
		return api.WalletStopped
	case w.Trouble != nil:
		return api.WalletUnusable
	case w.Open:
		return api.WalletLoaded
	}
	return api.WalletUnloaded
}
