package chain

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// upgrade takes a store from one format to the next.
type upgrade func(tx *bbolt.Tx, p *Params) error

// upgrades is the table of upgrades: the one at index i takes a store from
// format i+1 to format i+2. Each is in a file of its own.
func upgrades() []upgrade { return nil }

// runUpgrades brings a store to the format after the last upgrade, all in the
// given transaction. It refuses a store that is newer than that.
func runUpgrades(tx *bbolt.Tx, p *Params, table []upgrade) error {
	format, err := readFormat(tx)
	if err != nil {
		return err
	}
	newest := uint32(len(table)) + 1
	switch {
	case format == newest:
		return nil
	case format == 0:
		return corrupt("format 0 never was")
	case format > newest:
		return fmt.Errorf("%w: it has format %d and this version reads up to %d: use a newer version, or move the file away to fetch the chain again", ErrNewerFormat, format, newest)
	}
	for ; format < newest; format++ {
		if err := table[format-1](tx, p); err != nil {
			return fmt.Errorf("upgrade from format %d: %w", format, err)
		}
	}
	return writeFormat(tx, newest)
}
