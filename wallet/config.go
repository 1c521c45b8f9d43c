package wallet

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Config is what a wallet is opened with.
type Config struct {
	// Path is the wallet's file. It is created if it does not exist; its
	// directory has to.
	Path string

	// Params is the network the wallet is for.
	Params *consensus.Params

	// Log takes what happens, and is never told a key; nil drops it.
	Log *slog.Logger

	// Birthday is the default for accounts and imports that name none. It is
	// only used when the wallet is created, and kept from then on. Zero is the
	// genesis block.
	Birthday Birthday

	// RelayFee is what a transaction that a peer relays has to pay for 1,000 bytes
	// to be kept, in atoms. Zero means 10,000, what nodes ask for if they are not
	// told otherwise. A negative one means that what a transaction says to spend is
	// not looked at.
	RelayFee dcrutil.Amount

	// SearchIssued makes addresses that NewAddress hands out behind what their accounts'
	// windows cover by use as old as the accounts: each starts a search of old blocks.
	// That is for extended keys that other wallets hand out addresses of, too.
	SearchIssued bool

	// Now tells the time when transactions are first seen. Nil means time.Now.
	Now func() time.Time

	maxScripts uint32 // of tests; zero means the constant
	stepRows   int    // of tests; zero means the constant

	shared  *allowance     // of the set; nil means one of its own
	imports *atomic.Uint64 // of the set, see Set.Imports; nil means none
}

// validate checks the values and fills in defaults.
func (c *Config) validate() error {
	if c.Path == "" {
		return errors.New("wallet: no path")
	}
	if c.Params == nil {
		return errors.New("wallet: no network parameters")
	}
	if c.maxScripts == 0 {
		c.maxScripts = state.MaxScripts
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.RelayFee == 0 {
		c.RelayFee = txn.DefaultRelayFee
	}
	if c.shared == nil {
		c.shared = new(allowance)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c.Birthday.Validate()
}
