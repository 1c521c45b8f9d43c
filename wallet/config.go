package wallet

import (
	"errors"
	"log/slog"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// Config is what a wallet is opened with.
type Config struct {
	// Path is the wallet's file. It is created if it does not exist; its
	// directory has to.
	Path string

	// Params is the network the wallet is for.
	Params *chain.Params

	// Log takes what happens, and is never told a key; nil drops it.
	Log *slog.Logger

	// Birthday is the default for accounts and imports that name none. It is
	// only used when the wallet is created, and kept from then on. Zero is the
	// genesis block.
	Birthday Birthday

	// Now tells the time when transactions are first seen. Nil means time.Now.
	Now func() time.Time
}

// validate checks the values and fills in defaults.
func (c *Config) validate() error {
	if c.Path == "" {
		return errors.New("wallet: no path")
	}
	if c.Params == nil {
		return errors.New("wallet: no network parameters")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c.Birthday.validate()
}
