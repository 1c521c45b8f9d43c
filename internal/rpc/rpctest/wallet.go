package rpctest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// account and address are the only ones of the canned wallet.
const (
	account = "default"
	address = "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg"
)

// cannedWallet is a wallet with one account and one payment to it in block 1.
type cannedWallet struct {
	daemon *Daemon

	mu     sync.Mutex
	locked []api.OutPoint
	label  string // of the address
}

func newWallet(d *Daemon) *cannedWallet { return &cannedWallet{daemon: d} }

// paid is the hash of the payment.
func paid() chainhash.Hash { return chainhash.Hash{31: 0x2a} }

func refuse(code api.Code, text string) error { return &api.Error{Code: code, Message: text} }

// ImportXpub implements rpc.Accounts.
func (*cannedWallet) ImportXpub(_ context.Context, _, xpub, _ string, _ uint32) error {
	if strings.HasPrefix(xpub, "dprv") {
		return refuse(api.CodeWallet, "this is a private key")
	}
	return nil
}

// RenameAccount implements rpc.Accounts.
func (*cannedWallet) RenameAccount(_ context.Context, from, _ string) error { return known(from) }

func known(name string) error {
	if name != account {
		return refuse(api.CodeNotFound, "no such account")
	}
	return nil
}

// NewAddress implements rpc.Accounts.
func (*cannedWallet) NewAddress(_ context.Context, name string, _ uint32, _ bool) (string, error) {
	return address, known(name)
}

// NextIndex implements rpc.Accounts.
func (*cannedWallet) NextIndex(name string, _ uint32) (uint32, error) { return 1, known(name) }

// SetGapLimit implements rpc.Accounts.
func (*cannedWallet) SetGapLimit(_ context.Context, _ uint32, accounts ...string) error {
	for _, name := range accounts {
		if err := known(name); err != nil {
			return err
		}
	}
	return nil
}

// Info implements rpc.Accounts.
func (*cannedWallet) Info() (api.WalletInfo, error) {
	return api.WalletInfo{
		BirthHeight: 1, Height: 2, Scanned: 2, Scripts: 80,
		Accounts: []api.Account{{Name: account, Birthday: "1", Gap: 20, External: 1}},
	}, nil
}

// ImportPubKey implements rpc.Addresses.
func (*cannedWallet) ImportPubKey(context.Context, []byte, string) error { return nil }

// ImportScript implements rpc.Addresses.
func (*cannedWallet) ImportScript(context.Context, []byte, bool, string) error { return nil }

// ImportAddress implements rpc.Addresses.
func (w *cannedWallet) ImportAddress(ctx context.Context, of, label, birthday string) error {
	switch {
	case of != address:
		return refuse(api.CodeNotFound, "not a valid address")
	case birthday == "yesterday":
		return refuse(api.CodeInvalid, `birthday "yesterday" is none`)
	case label != "":
		return w.SetLabel(ctx, of, label)
	}
	return nil
}

// AddressInfo implements rpc.Addresses.
func (*cannedWallet) AddressInfo(_ context.Context, of string) (api.AddressInfo, error) {
	info := api.AddressInfo{Address: of}
	if of == address {
		branch, index := uint32(0), uint32(0)
		info.IsMine, info.IsWatchOnly, info.Account, info.Branch, info.Index = true, true, account, &branch, &index
	}
	return info, nil
}

// AddressesOf implements rpc.Addresses.
func (*cannedWallet) AddressesOf(name string) ([]string, error) {
	return []string{address}, known(name)
}

// Rescan implements rpc.Searches.
func (*cannedWallet) Rescan(_ context.Context, from int64) (int64, error) {
	if from > 2 {
		return 0, refuse(api.CodeInvalid, "above the wallet's tip")
	}
	return 1, nil
}

// Jobs implements rpc.Searches: one job is done and one is not.
func (*cannedWallet) Jobs() ([]api.Job, error) {
	return []api.Job{
		{ID: 1, Wallet: account, Kind: "rescan", State: api.JobDone, From: 1, At: 2, Target: 2, Progress: 1, Began: 1600000000, Ended: 1600000001},
		{ID: 2, Wallet: account, Kind: "rescan", State: api.JobRunning, From: 1, At: 1, Target: 2, Progress: 0.5, Rate: 1, ETA: 1, Began: 1600000002},
	}, nil
}

// CancelJob implements rpc.Searches.
func (*cannedWallet) CancelJob(_ context.Context, id int64) error {
	switch id {
	case 1:
		return refuse(api.CodeInvalid, "it is over already")
	case 2:
		return nil
	}
	return refuse(api.CodeInvalid, "there is no such job")
}

// SetLabel implements rpc.Ledger.
func (w *cannedWallet) SetLabel(_ context.Context, subject, label string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if subject != address {
		return refuse(api.CodeNotFound, "not a valid address")
	}
	w.label = label
	return nil
}

// Labels implements rpc.Ledger.
func (w *cannedWallet) Labels(context.Context) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.label == "" {
		return map[string]string{}, nil
	}
	return map[string]string{address: w.label}, nil
}

// Balances implements rpc.Ledger.
func (*cannedWallet) Balances(context.Context, int64) (api.Balance, error) {
	return api.Balance{
		Balances:  []api.AccountBalance{{AccountName: account, Spendable: 125e6, Total: 125e6}, {AccountName: "imported"}},
		BlockHash: chainhash.Hash{2}.String(), TotalSpendable: 125e6, CumulativeTotal: 125e6,
	}, nil
}

// Transactions implements rpc.Ledger.
func (w *cannedWallet) Transactions(ctx context.Context, above int64, _ []string, yield func(*api.Transaction) bool) error {
	if above >= 1 {
		return nil
	}
	tx, err := w.Transaction(ctx, paid())
	if err == nil {
		yield(&tx)
	}
	return err
}

// Transaction implements rpc.Ledger.
func (*cannedWallet) Transaction(_ context.Context, hash chainhash.Hash) (api.Transaction, error) {
	if hash != paid() {
		return api.Transaction{}, refuse(api.CodeNotFound, "no such transaction in this wallet")
	}
	return api.Transaction{
		Amount: 125e6, Confirmations: 2, BlockHash: chainhash.Hash{1}.String(), BlockHeight: 1, BlockIndex: 3,
		BlockTime: 1600000000, TxID: paid().String(), WalletConflicts: []string{}, Time: 1600000000, TimeReceived: 1600000000,
		Details: []api.Detail{{Account: account, Address: address, Amount: 125e6, Category: "receive"}},
		Type:    "regular",
	}, nil
}

// Received implements rpc.Ledger.
func (*cannedWallet) Received(context.Context, int64) ([]api.Received, error) {
	return []api.Received{{Account: account, Address: address, Amount: 125e6}}, nil
}

// Abandon implements rpc.Ledger.
func (w *cannedWallet) Abandon(ctx context.Context, hash chainhash.Hash) error {
	_, err := w.Transaction(ctx, hash)
	return err
}

// Unspent implements rpc.Coins.
func (*cannedWallet) Unspent(context.Context, int64, int64) ([]api.Unspent, error) {
	return []api.Unspent{{
		TxID: paid().String(), Address: address, Account: account, ScriptPubKey: "76a914", Amount: 125e6,
		Confirmations: 2, Spendable: true,
	}}, nil
}

// Output implements rpc.Coins.
func (*cannedWallet) Output(_ context.Context, op api.OutPoint, _ bool) (*api.TxOut, error) {
	switch {
	case op.TxID != paid().String():
		return nil, refuse(api.CodeInvalid, "no such unspent output in this wallet")
	case op.Vout > 0:
		return nil, nil
	}
	return &api.TxOut{
		BestBlock: chainhash.Hash{2}.String(), Confirmations: 2, Value: 125e6,
		ScriptPubKey: api.PkScript{Hex: "76a9147f40c1d4c3ef7e7ab2c7b5a7a1f8a1f9a8b7c6d588ac"},
	}, nil
}

// Lock implements rpc.Coins.
func (w *cannedWallet) Lock(_ context.Context, outputs []api.OutPoint, locked bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range outputs {
		if o.TxID != paid().String() {
			return refuse(api.CodeInvalid, "no such unspent output in this wallet")
		}
	}
	if w.locked = nil; locked {
		w.locked = slices.Clone(outputs)
	}
	return nil
}

// UnlockAll implements rpc.Coins.
func (w *cannedWallet) UnlockAll(ctx context.Context) error { return w.Lock(ctx, nil, false) }

// Locked implements rpc.Coins.
func (w *cannedWallet) Locked(context.Context) ([]api.OutPoint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Clone(w.locked)
	for i := range list {
		list[i].Account = account
	}
	return list, nil
}

// Position implements rpc.Story: the wallet is where the chain is.
func (w *cannedWallet) Position() (rpc.Position, error) {
	hash, height, err := w.daemon.Best()
	tip := api.BlockID{Height: height, Hash: hash.String()}
	return rpc.Position{Tip: tip, Scanned: tip}, err
}

// Spends implements rpc.Story.
func (*cannedWallet) Spends(context.Context, int64) ([]api.Spend, error) { return nil, nil }
