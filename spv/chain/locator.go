package chain

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Sizes of locators. A getheaders message holds at most 500 hashes (wire:
// MaxBlockLocatorsPerMsg).
const (
	// denseLocator is the number of newest blocks that a locator has all of.
	denseLocator = 10

	// denseShort is the same of a short locator, shortFactor what the distances below are
	// multiplied by from one to the next.
	denseShort  = 2
	shortFactor = 8

	// evenLocator is the number of blocks between the tip and a block that a
	// peer is known to have in LocatorAbove.
	evenLocator = 400
)

// Locator returns hashes of the staged main chain as a getheaders message
// wants them: the newest ones, then at distances that double, and at last the
// genesis block.
func (c *Chain) Locator() ([]chainhash.Hash, error) {
	return c.main.locator(nil, c.tip.Headers.Height, denseLocator, 2)
}

// ShortLocator returns a third of the hashes of Locator, for a peer that most likely has the
// tip. If it has left the main chain, its reply begins up to eight times as far below the tip as
// the fork.
func (c *Chain) ShortLocator() ([]chainhash.Hash, error) {
	return c.main.locator(nil, c.tip.Headers.Height, denseShort, shortFactor)
}

// LocatorAbove returns a locator for a peer that has the main chain up to a
// height at least: between the tip and that height the distances are equal,
// below it they are those of Locator. So the reply begins near the block where
// the peer's chain leaves ours, however far below the tip that is, and never
// below the given height. A height that is not on the chain gives Locator.
func (c *Chain) LocatorAbove(h consensus.Height) ([]chainhash.Hash, error) {
	tip := c.tip.Headers.Height
	if h < 0 || h > tip {
		return c.Locator()
	}
	var hashes []chainhash.Hash
	step := (tip-h)/evenLocator + 1
	for at := tip; at > h; at -= step {
		hashes = append(hashes, c.main.hash(at))
	}
	return c.main.locator(hashes, h, denseLocator, 2)
}

// locator appends to a locator the hashes from a height down to the genesis
// block: so many without gaps, then at distances that grow by a factor.
func (v *mainView) locator(hashes []chainhash.Hash, from consensus.Height, dense int, factor consensus.Height) ([]chainhash.Hash, error) {
	step := consensus.Height(1)
	dense += len(hashes)
	for h := from; h > 0; h -= step {
		hashes = append(hashes, v.hash(h))
		if len(hashes) >= dense {
			step *= factor
		}
	}
	if err := v.failed(); err != nil {
		return nil, fmt.Errorf("locator: %w", err)
	}
	return append(hashes, v.params.ChainParams.GenesisHash), nil
}

// OnMain reports whether a block is on the staged main chain. The error is one
// of the store.
func (c *Chain) OnMain(id consensus.BlockID) (bool, error) {
	on := c.main.has(id)
	if err := c.main.failed(); err != nil {
		return false, fmt.Errorf("look for block %d: %w", id.Height, err)
	}
	return on, nil
}

// OnSide reports whether headers that follow a block would grow a side branch:
// it is on one that is kept, or is the tip of one that is weighed.
func (c *Chain) OnSide(id consensus.BlockID) bool {
	return c.side.Get(id.Hash) != nil || c.long.EndingIn(id.Hash) != nil
}
