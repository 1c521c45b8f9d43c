package store

import (
	"errors"
	"fmt"

	"github.com/spvd/spvd/spv/consensus"
)

// upgradeStep takes a store from one format to the next.
type upgradeStep func(tx *Txn, p *consensus.Params) error

// upgrades is the table of upgrades: the one at index i takes a store from
// format i+1 to format i+2. Each is in a file of its own.
func upgrades() []upgradeStep { return []upgradeStep{addFloor} }

// Upgrade brings the file to the format that this version writes. The error is ErrNewerFormat if it
// is of a newer one.
func (s *Store) Upgrade(p *consensus.Params) error {
	var old bool
	err := s.View("open", func(tx *Txn) (err error) {
		old, err = needsUpgrade(tx, upgrades())
		return err
	})
	if err != nil || !old {
		return err
	}
	return s.Update("upgrade", func(tx *Txn) error { return runUpgrades(tx, p, upgrades()) })
}

// CheckReadable returns an error unless this version can read the rows of headers and filters of the
// file, which are the same in all older formats, and it is of the network.
func CheckReadable(tx *Txn, p *consensus.Params) error {
	_, err := needsUpgrade(tx, upgrades())
	return errors.Join(err, CheckNetwork(tx, p))
}

// needsUpgrade reports whether a store is older than the last upgrade of the
// table. It refuses one that is newer.
func needsUpgrade(tx *Txn, table []upgradeStep) (bool, error) {
	format, err := ReadFormat(tx)
	if err != nil {
		return false, err
	}
	newest := uint32(len(table)) + 1
	switch {
	case format == 0:
		return false, Corrupt("format 0 never was")
	case format > newest:
		return false, fmt.Errorf("%w: it has format %d and this version reads up to %d: use a newer version, or move the file away to fetch the chain again", ErrNewerFormat, format, newest)
	}
	return format < newest, nil
}

// runUpgrades brings a store that needs it to the format after the last upgrade
// of the table, all in the given transaction.
func runUpgrades(tx *Txn, p *consensus.Params, table []upgradeStep) error {
	format, err := ReadFormat(tx)
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
