package chain

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// denseLocator is the number of newest blocks that a locator has all of.
const denseLocator = 10

// Locator returns hashes of the staged main chain as a getheaders message
// wants them: the newest ones, then at distances that double, and at last the
// genesis block.
func (c *Chain) Locator() ([]chainhash.Hash, error) {
	var hashes []chainhash.Hash
	step := Height(1)
	for h := c.tip.headers.Height; h > 0; h -= step {
		hashes = append(hashes, c.main.hash(h))
		if len(hashes) >= denseLocator {
			step *= 2
		}
	}
	if err := c.main.failed(); err != nil {
		return nil, fmt.Errorf("locator: %w", err)
	}
	return append(hashes, c.params.GenesisHash), nil
}
