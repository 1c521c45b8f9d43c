package chain

import (
	"fmt"

	"github.com/spvd/spvd/spv/consensus"
)

// upgrade takes a store from one format to the next.
type upgrade func(tx *txn, p *consensus.Params) error

// upgrades is the table of upgrades: the one at index i takes a store from
// format i+1 to format i+2. Each is in a file of its own.
func upgrades() []upgrade { return []upgrade{addFloor} }

// needsUpgrade reports whether a store is older than the last upgrade of the
// table. It refuses one that is newer.
func needsUpgrade(tx *txn, table []upgrade) (bool, error) {
	format, err := readFormat(tx)
	if err != nil {
		return false, err
	}
	newest := uint32(len(table)) + 1
	switch {
	case format == 0:
		return false, corrupt("format 0 never was")
	case format > newest:
		return false, fmt.Errorf("%w: it has format %d and this version reads up to %d: use a newer version, or move the file away to fetch the chain again", ErrNewerFormat, format, newest)
	}
	return format < newest, nil
}

// runUpgrades brings a store that needs it to the format after the last upgrade
// of the table, all in the given transaction.
func runUpgrades(tx *txn, p *consensus.Params, table []upgrade) error {
	format, err := readFormat(tx)
	if err != nil {
		return err
	}
	for i := int(format) - 1; i < len(table); i++ {
		if err := table[i](tx, p); err != nil {
			return fmt.Errorf("upgrade from format %d: %w", i+1, err)
		}
	}
	return writeFormat(tx, uint32(len(table))+1)
}
