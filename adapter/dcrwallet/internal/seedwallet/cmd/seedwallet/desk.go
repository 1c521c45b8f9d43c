package main

import (
	"context"
	"encoding/hex"
	"fmt"

	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
)

// request is what the wallet is asked.
type request struct {
	Do     string // see answer
	Tip    string // a block
	Branch uint32
	Index  uint32
	To     string // an address
	Amount int64  // atoms
	Hash   string // of a message of mixing
}

// reply is the answer: one of the two.
type reply struct {
	Result any    `json:",omitempty"`
	Error  string `json:",omitempty"`
}

// desk answers requests about a wallet.
type desk struct {
	wallet  *seedwallet.Wallet
	backend seedwallet.Backend
	changed chan struct{} // poked (capacity one) by callbacks
}

func newDesk(w *seedwallet.Wallet, backend seedwallet.Backend) *desk {
	return &desk{wallet: w, backend: backend, changed: make(chan struct{}, 1)}
}

// callbacks returns callbacks that poke.
func (d *desk) callbacks() *dcrwallet.Notifications {
	poke := func() {
		select {
		case d.changed <- struct{}{}:
		default:
		}
	}
	return &dcrwallet.Notifications{
		Synced:         func(bool) { poke() },
		TipChanged:     func(*wire.BlockHeader, int32, []*wire.MsgTx) { poke() },
		RescanFinished: poke,
		MempoolTxs:     func([]*wire.MsgTx) { poke() },
	}
}

// answer answers a request.
func (d *desk) answer(ctx context.Context, q request) (any, error) {
	switch q.Do {
	case "await": // until the wallet is synced at a block; what it holds then
		return d.await(ctx, q.Tip)
	case "summary": // what the wallet holds
		return d.wallet.Summary(ctx)
	case "address": // of a branch, by its index
		addr, err := d.wallet.Address(ctx, q.Branch, q.Index)
		if err != nil {
			return nil, err
		}
		return addr.String(), nil
	case "key": // its private key
		key, err := d.wallet.Key(ctx, q.Branch, q.Index)
		return hex.EncodeToString(key), err
	case "send": // an amount to an address; the hash of the transaction
		return d.send(ctx, q.To, q.Amount)
	case "ticket": // buy one; its hash
		return d.ticket(ctx)
	case "pairrequest": // publish the first message of a mix, with an output by its index; its hash
		hash, err := d.wallet.PairRequest(ctx, int(q.Index))
		return text(&hash), err
	case "mixmessage": // whether the wallet has a message of mixing
		hash, err := chainhash.NewHashFromStr(q.Hash)
		if err != nil {
			return nil, err
		}
		return d.wallet.HasMixMessage(*hash), nil
	}
	return nil, fmt.Errorf("request %q is unknown", q.Do)
}

// await waits until the wallet is synced at a block, and scanned.
func (d *desk) await(ctx context.Context, tip string) (*seedwallet.Summary, error) {
	for {
		hash, _ := d.wallet.MainChainTip(ctx)
		point, err := d.wallet.RescanPoint(ctx)
		if err != nil {
			return nil, err
		}
		if synced, _ := d.backend.Synced(ctx); synced && point == nil && hash.String() == tip {
			s, err := d.wallet.Summary(ctx)
			return &s, err
		}
		select {
		case <-d.changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for block %s: %w", tip, ctx.Err())
		}
	}
}

func (d *desk) send(ctx context.Context, to string, amount int64) (string, error) {
	addr, err := stdaddr.DecodeAddress(to, d.wallet.ChainParams())
	if err != nil {
		return "", err
	}
	_, script := addr.PaymentScript()
	hash, err := d.wallet.SendOutputs(ctx, []*wire.TxOut{wire.NewTxOut(amount, script)}, 0, 0, 1)
	return text(hash), err
}

func (d *desk) ticket(ctx context.Context) (string, error) {
	n, err := d.wallet.NetworkBackend()
	if err != nil {
		return "", err
	}
	bought, err := d.wallet.PurchaseTickets(ctx, n, &wallet.PurchaseTicketsRequest{Count: 1, MinConf: 1})
	if err != nil {
		return "", err
	}
	return text(bought.TicketHashes[0]), nil
}

// text returns a hash, empty without one.
func text(hash *chainhash.Hash) string {
	if hash == nil {
		return ""
	}
	return hash.String()
}
