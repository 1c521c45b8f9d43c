package wallet

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/txbuild"
)

const (
	// usualFees is how many times the usual fee a transaction pays at most, unless the
	// request says otherwise.
	usualFees = 10

	// buildCoins is how many coins are kept in memory to choose from, the largest ones:
	// far more than fit into a transaction.
	buildCoins = 4096
)

// BuildRequest says what a transaction shall do.
type BuildRequest struct {
	// Outputs are what it pays; see PaymentTo. Sweep is in their place the address that
	// gets all of the coins, less the fee, or the largest ones where one transaction does
	// not hold all: see Left.
	Outputs []*wire.TxOut
	Sweep   string

	// Coins are exactly those that it spends. Without any, coins are chosen of Account,
	// or without a name of all accounts, that have at least MinConf confirmations:
	// neither immature nor locked ones, nor tickets, nor what is worth less than its part
	// of the fee, nor what pays to a script whose redeem script is unknown.
	Coins   []wire.OutPoint
	Account string
	MinConf int64

	// FeeRate is the fee for 1,000 bytes; zero is the least that nodes relay. MaxFeeRate
	// bounds it, and the fee; zero is ten times the least.
	FeeRate, MaxFeeRate dcrutil.Amount

	// ChangeAddress gets what is left. Without one it is the next internal address, or
	// with ChangeExternal the next external one, of ChangeAccount; without a name of
	// Account; without that of the account of the first coin that has one. At the gap
	// limit it is the oldest address of the branch that was never paid. ChangeLast puts
	// the change behind all outputs; its place is random otherwise.
	ChangeAddress  string
	ChangeAccount  string
	ChangeExternal bool
	ChangeLast     bool

	// Expiry is the first height at which the transaction cannot be mined; zero is never.
	// LockTime is taken as it is.
	Expiry, LockTime uint32

	// Reserve is for how long the coins count as locked, so that no other transaction
	// that is built spends them; zero is not at all. It outlives a restart, and
	// LockOutputs takes it back.
	Reserve time.Duration
}

// Built is an unsigned transaction, and what a signer has to know.
type Built struct {
	Tx     *wire.MsgTx
	Inputs []BuiltInput // in the order of those of Tx

	// Fee is what it pays, Size its bytes once it is signed, at most.
	Fee  dcrutil.Amount
	Size int

	// Change is the index of the output with the change, -1 without one. ChangeTo is the
	// address, unless the request has named it, and ChangeIndex the hardened index of its
	// account (BIP 44).
	Change      int
	ChangeTo    *Issued
	ChangeIndex uint32

	// Until is when the reservation of the coins ends, zero without one.
	Until time.Time

	// Tip is the newest block that the wallet had applied.
	Tip consensus.BlockID

	// Idle is how many coins were worth less than their part of the fee, Unknown how many
	// pay to scripts that cannot be signed for.
	Idle, Unknown int

	// Left is how many coins a sweep leaves for further transactions: build again with the same
	// request while these are reserved, until it is zero. The last coins may be worth less than
	// an output (txbuild.ErrFunds).
	Left int
}

// BuiltInput is what an input spends.
type BuiltInput struct {
	Output

	// Keys are the keys of the wallet's accounts that sign for it, as far as they are
	// known: for an imported address, or a key of another person, none.
	Keys []KeyPath

	// Previous is the transaction that it spends an output of: its hash proves the
	// amount to a signer.
	Previous *wire.MsgTx
}

// KeyPath says how to derive a key from that of an account.
type KeyPath struct {
	Account      string
	AccountIndex uint32 // hardened index of the account in its wallet (BIP 44)
	Branch       uint32
	Index        uint32
	PublicKey    []byte
}

// PaymentTo returns the output that pays an address. The errors are those of ImportAddress.
func (w *Wallet) PaymentTo(address string, amount dcrutil.Amount) (*wire.TxOut, error) {
	addr, err := hd.ParseAddress(w.cfg.Params.ChainParams, address)
	if err != nil {
		return nil, fmt.Errorf("pay to an address: %w", err)
	}
	version, script := addr.PaymentScript()
	return &wire.TxOut{Value: int64(amount), Version: version, PkScript: script}, nil
}

// Build returns an unsigned transaction, reserves its coins and hands out its change
// address, in one transaction of the file. No key is needed for that. The errors are those
// of package txbuild, ErrNoAccount, ErrNoOutput, ErrSpent, ErrImmature, ErrLocked, and for
// the change those of NewAddress and ImportAddress.
func (w *Wallet) Build(ctx context.Context, r BuildRequest) (*Built, error) {
	r.FeeRate = cmp.Or(r.FeeRate, txbuild.RelayFee)
	r.MaxFeeRate = cmp.Or(r.MaxFeeRate, usualFees*txbuild.RelayFee)
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("build transaction: %w", err)
	}
	var built *Built
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		q := newQuery(w, tx, s)
		b := building{query: q, BuildRequest: &r}
		next, err := b.build(ctx, binary.BigEndian.Uint32(random[:]))
		built = b.built
		return next, err
	})
	if err != nil {
		return nil, fmt.Errorf("build transaction: %w", err)
	}
	return built, nil
}

// building is a request that is being served.
type building struct {
	*query
	*BuildRequest
	coins  []Output // to choose from
	more   int      // coins of a sweep that are smaller than these
	change changeTo
	built  *Built
}

// build serves the request, and returns the next snapshot.
func (b *building) build(ctx context.Context, random uint32) (*state.Snapshot, error) {
	if err := b.findCoins(ctx); err != nil {
		return nil, err
	}
	pure := &txbuild.Request{
		Outputs: b.Outputs, All: len(b.Coins) > 0,
		FeeRate: b.FeeRate, MaxFeeRate: b.MaxFeeRate,
		Expiry: b.Expiry, LockTime: b.LockTime, Height: int64(b.s.Tip.Height),
		ChangeAt: random,
	}
	if b.ChangeLast {
		pure.ChangeAt = uint32(len(b.Outputs))
	}
	for i := range b.coins {
		o := &b.coins[i]
		pure.Coins = append(pure.Coins, txbuild.Coin{OutPoint: o.OutPoint, Amount: o.Amount, PkScript: o.PkScript, RedeemScript: o.RedeemScript})
	}
	var err error
	if pure.Change, err = b.changeScript(); err != nil {
		return nil, err
	}
	result, err := txbuild.Build(pure)
	if err != nil {
		return nil, err
	}
	if err := b.describe(result); err != nil {
		return nil, err
	}
	if b.Reserve > 0 {
		now := b.w.cfg.Now()
		b.built.Until = time.Unix(now.Add(b.Reserve).Unix(), 0)
		if err := ledger.Reserve(b.tx, result.Tx, now, b.built.Until); err != nil {
			return nil, err
		}
	}
	return b.issueChange()
}
