package main

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// Unspent implements rpc.Coins.
func (p walletPort) Unspent(ctx context.Context, minConf, maxConf int64) ([]api.Unspent, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	all, err := w.Unspent(ctx, wallet.OutputFilter{MinConf: minConf, Usable: true})
	if err != nil {
		return nil, walletError(err)
	}
	labels, err := w.Labels(ctx)
	if err != nil {
		return nil, walletError(err)
	}
	var list []api.Unspent
	for _, o := range all {
		if o.Confirmations > maxConf {
			continue
		}
		list = append(list, api.Unspent{
			TxID:          o.OutPoint.Hash.String(),
			Vout:          o.OutPoint.Index,
			Tree:          o.OutPoint.Tree,
			TxType:        txType(o.Kind),
			Address:       o.Address,
			Account:       o.Account,
			ScriptPubKey:  hex.EncodeToString(o.PkScript),
			RedeemScript:  hex.EncodeToString(o.RedeemScript),
			Amount:        api.Amount(o.Amount),
			Confirmations: o.Confirmations,
			Spendable:     o.Mature,
			Label:         labels[o.Address],
		})
	}
	return list, nil
}

// txType returns the number that stands for a kind of transaction in
// listunspent. They are dcrwallet's, which are those of dcrd's stake package.
func txType(k wallet.Kind) int {
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

// outPoint returns the output that JSON-RPC names.
func outPoint(o api.OutPoint) (wire.OutPoint, error) {
	hash, err := chainhash.NewHashFromStr(o.TxID)
	if err != nil {
		return wire.OutPoint{}, err
	}
	return wire.OutPoint{Hash: *hash, Index: o.Vout, Tree: o.Tree}, nil
}

// Output implements rpc.Coins.
func (p walletPort) Output(ctx context.Context, op api.OutPoint, unmined bool) (*api.TxOut, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	point, err := outPoint(op)
	if err != nil {
		return nil, err
	}
	best := w.Status().Tip
	o, err := w.Output(ctx, point, unmined)
	if err == nil && o.OutPoint.Tree != point.Tree {
		err = wallet.ErrNoOutput
	}
	switch {
	case errors.Is(err, wallet.ErrSpent):
		return nil, nil
	case err != nil:
		return nil, walletError(err)
	}
	return &api.TxOut{
		BestBlock:     best.Hash.String(),
		Confirmations: o.Confirmations,
		Value:         api.Amount(o.Amount),
		ScriptPubKey:  api.PkScript{Hex: hex.EncodeToString(o.PkScript)},
		Coinbase:      o.Source == wallet.FromCoinbase,
	}, nil
}

// Lock implements rpc.Coins.
func (p walletPort) Lock(ctx context.Context, outputs []api.OutPoint, locked bool) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	points := make([]wire.OutPoint, len(outputs))
	for i, o := range outputs {
		if points[i], err = outPoint(o); err != nil {
			return err
		}
	}
	return walletError(w.LockOutputs(ctx, locked, points...))
}

// UnlockAll implements rpc.Coins.
func (p walletPort) UnlockAll(ctx context.Context) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.UnlockAll(ctx))
}

// Locked implements rpc.Coins.
func (p walletPort) Locked(ctx context.Context) ([]api.OutPoint, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	all, err := w.Locked(ctx)
	if err != nil {
		return nil, walletError(err)
	}
	list := make([]api.OutPoint, len(all))
	for i, op := range all {
		list[i] = api.OutPoint{TxID: op.Hash.String(), Vout: op.Index, Tree: op.Tree}
		switch o, err := w.Output(ctx, op, true); {
		case err == nil:
			list[i].Account = o.Account
		case !errors.Is(err, wallet.ErrNoOutput):
			return nil, walletError(err)
		}
	}
	return list, nil
}
