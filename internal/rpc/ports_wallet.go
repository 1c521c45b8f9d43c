package rpc

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

// ErrNoWallet is what all methods of Wallet return before the first import.
var ErrNoWallet = errors.New("there is no wallet yet")

// Wallet is the watch-only wallet. What it refuses, it refuses with an
// *api.Error that is fit for the client and repeats no key; nothing has changed
// then.
type Wallet interface {
	Accounts
	Addresses
	Ledger
	Coins
	Searches
	Story
}

// Accounts are the accounts of extended public keys.
type Accounts interface {
	// ImportXpub adds an account, and makes the default wallet if there is none.
	// It returns at once; the account is scanned for from its birthday on. A
	// birthday is a height, a date or new; empty it is the wallet's. A gap limit of
	// zero is the usual one.
	ImportXpub(ctx context.Context, name, xpub, birthday string, gap uint32) error

	// RenameAccount changes the name of an account.
	RenameAccount(ctx context.Context, from, to string) error

	// NewAddress hands out the next address of a branch of an account. Unless
	// beyond is set, it refuses one behind the gap limit.
	NewAddress(ctx context.Context, account string, branch uint32, beyond bool) (string, error)

	// NextIndex returns the index of the address of a branch that is handed out next.
	NextIndex(account string, branch uint32) (uint32, error)

	// SetGapLimit changes the gap limit of accounts, without names of all.
	SetGapLimit(ctx context.Context, gap uint32, accounts ...string) error

	// Info tells about the wallet. What depends on the network is left out; the birth
	// height is negative while it is not known.
	Info() (api.WalletInfo, error)
}

// Addresses are what the wallet watches.
type Addresses interface {
	// ImportPubKey watches payments to a public key. It makes the default wallet if
	// there is none. The birthday is as for ImportXpub.
	ImportPubKey(ctx context.Context, key []byte, birthday string) error

	// ImportScript watches likewise payments to the hash of a script or, unless redeem
	// is set, outputs that have just this script.
	ImportScript(ctx context.Context, script []byte, redeem bool, birthday string) error

	// ImportAddress watches an address likewise, and labels it unless the label is
	// empty.
	ImportAddress(ctx context.Context, address, label, birthday string) error

	// AddressInfo tells what is known about an address, which need not be the
	// wallet's.
	AddressInfo(ctx context.Context, address string) (api.AddressInfo, error)

	// AddressesOf returns the addresses of an account that were handed out or
	// used.
	AddressesOf(account string) ([]string, error)
}

// Ledger is what the chain says about the wallet.
type Ledger interface {
	// Balances returns the balances of all accounts.
	Balances(ctx context.Context, minConf int64) (api.Balance, error)

	// Transactions calls yield for the unmined transactions and those mined above a
	// height, newest first, until it returns false. With addresses it may leave out
	// those that neither pay them nor spend from them.
	Transactions(ctx context.Context, above int64, addresses []string, yield func(*api.Transaction) bool) error

	// Transaction returns one transaction.
	Transaction(ctx context.Context, hash chainhash.Hash) (api.Transaction, error)

	// Received returns what was paid to each address with so many
	// confirmations.
	Received(ctx context.Context, minConf int64) ([]api.Received, error)

	// Abandon forgets an unmined transaction.
	Abandon(ctx context.Context, hash chainhash.Hash) error

	// SetLabel labels an address or a transaction hash; an empty label removes it.
	// Labels returns all labels by what they label.
	SetLabel(ctx context.Context, subject, label string) error
	Labels(ctx context.Context) (map[string]string, error)
}

// Searches are the jobs that look through old blocks.
type Searches interface {
	// Rescan searches all blocks from a height on again. It returns the number of
	// the job at once.
	Rescan(ctx context.Context, from int64) (id int64, err error)

	// Jobs returns the jobs, oldest first.
	Jobs() ([]api.Job, error)

	// CancelJob gives up a rescan.
	CancelJob(ctx context.Context, id int64) error
}

// Coins are the unspent outputs.
type Coins interface {
	// Unspent returns the unspent outputs with at least minConf and at most
	// maxConf confirmations that are mature and not locked.
	Unspent(ctx context.Context, minConf, maxConf int64) ([]api.Unspent, error)

	// Output returns an output that no transaction spends, nil if it is spent; without
	// unmined only mined transactions count.
	Output(ctx context.Context, op api.OutPoint, unmined bool) (*api.TxOut, error)

	// Lock marks outputs as not to be spent, or takes that back; all of them or
	// none.
	Lock(ctx context.Context, outputs []api.OutPoint, locked bool) error

	// UnlockAll takes all locks away.
	UnlockAll(ctx context.Context) error

	// Locked returns the outputs that are locked, with the accounts they belong to
	// unless they are spent.
	Locked(ctx context.Context) ([]api.OutPoint, error)
}

// Story is what subscriptions read, besides the transactions of the ledger.
type Story interface {
	// Position tells how far the wallet has got. It never waits for storage.
	Position() (Position, error)

	// Spends returns which outputs were spent by transactions mined above a
	// height and by unmined ones, newest first.
	Spends(ctx context.Context, above int64) ([]api.Spend, error)
}

// Position is how far a wallet has got.
type Position struct {
	// Tip is the newest block it knows, Scanned the last one that was searched
	// for everything: it is below Tip while old blocks are searched again.
	Tip, Scanned api.BlockID

	// Forgot is another number each time the wallet has forgotten what it found in
	// blocks that stay on the chain, zero at first.
	Forgot uint32
}
