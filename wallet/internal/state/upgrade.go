package state

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// upgrades returns the steps between formats: the one at index i takes a file
// from format i+1 to format i+2. Each is in a file of its own. All that are
// needed run in one transaction.
func upgrades() []func(tx *bolt.Tx) error {
	return []func(tx *bolt.Tx) error{addJobs, ledger.MarkUnmined, ledger.AddTables, addAnchors, ledger.AddLeft}
}

// NewestFormat returns the format that new wallets have.
func NewestFormat() uint32 { return uint32(len(upgrades())) + 1 }

// UpgradeFrom brings a file of an older format up to date.
func UpgradeFrom(tx *bolt.Tx, format uint32) error {
	newest := NewestFormat()
	if format > newest {
		return fmt.Errorf("%w: it has format %d, and this version reads up to %d", ErrNewerFormat, format, newest)
	}
	if format == 0 {
		return fmt.Errorf("format 0: %w", ErrCorrupt)
	}
	if format == newest {
		return nil
	}
	for i, step := range upgrades()[format-1:] {
		if err := step(tx); err != nil {
			return fmt.Errorf("upgrade from format %d: %w", format+uint32(i), err)
		}
	}
	return tx.Bucket(MetaBucket).Put(FormatKey, rows.Key(newest))
}
