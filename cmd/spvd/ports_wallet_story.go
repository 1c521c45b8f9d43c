package main

import (
	"context"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// Position implements rpc.Story.
func (p walletPort) Position() (rpc.Position, error) {
	w, err := p.reading()
	if err != nil {
		return rpc.Position{}, err
	}
	st := w.Status()
	return rpc.Position{Tip: blockID(st.Tip), Scanned: blockID(st.Scanned), Forgot: st.Forgot}, nil
}

// Spends implements rpc.Story.
func (p walletPort) Spends(ctx context.Context, above int64) ([]api.Spend, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	history, err := w.History(ctx, wallet.HistoryFilter{Above: height(above)})
	var list []api.Spend
	for _, tx := range history {
		list = append(list, spendsOf(tx)...)
	}
	return list, walletError(err)
}

// spendsOf returns what a transaction spends of the wallet.
func spendsOf(tx *wallet.Transaction) []api.Spend {
	list := make([]api.Spend, len(tx.Debits))
	for i, d := range tx.Debits {
		spent := &tx.Tx.TxIn[d.Index].PreviousOutPoint
		list[i] = api.Spend{
			OutPoint: api.OutPoint{TxID: spent.Hash.String(), Vout: spent.Index, Tree: spent.Tree}, Account: d.Account, Address: d.Address, Amount: api.Amount(d.Amount),
			SpentBy: tx.Hash.String(), Vin: d.Index,
		}
		if tx.Mined() {
			list[i].BlockHash, list[i].BlockHeight = tx.Block.String(), int64(tx.Place.Height)
		}
	}
	return list
}
