package birthday

import (
	"fmt"
	"math"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Margin is how far before a birthday's date a block is already taken
// to be in its range: miners' clocks, wallets' clocks and time zones differ.
const Margin = 24 * time.Hour

// Unborn is the birthday height of what is born in a block not yet seen.
const Unborn = consensus.Never

// Birthday is where the search for payments to an account or address begins: at
// a height, at a date if Time is not zero, or after a block if the hash of After
// is not zero. Earlier blocks are never fetched, and what they pay does not count.
//
// A height is meant as it is. A date is the first block of the chain not older
// than a day before it, or, if the wallet had passed that block when the date was
// given, up to a thousand blocks before it; when that block leaves the chain, it is
// the first such block of the other branch. A wallet made now has the date of
// now. After is the newest block at the time of an import of which only new
// blocks count; when that block leaves the chain, the birthday is the block after
// the fork. A wallet that had not come to that block then notices once the chain is as
// high again, and takes for the fork the block that it stood at, if that is lower.
type Birthday struct {
	Height consensus.Height
	Time   time.Time
	After  consensus.BlockID
}

// Validate refuses values that the stored form cannot hold.
func (b Birthday) Validate() error {
	if b.Height < 0 || b.After.Height < 0 {
		return fmt.Errorf("birthday height %d is negative", min(b.Height, b.After.Height))
	}
	if !b.Time.IsZero() && (b.Time.Unix() <= 0 || b.Time.Unix() > math.MaxUint32) {
		return fmt.Errorf("birthday %s is out of the range of block times", b.Time.UTC().Format(time.DateOnly))
	}
	return nil
}

// String returns the birthday as a user wrote it.
func (b Birthday) String() string {
	switch {
	case b.After.Hash != chainhash.Hash{}:
		return fmt.Sprint(b.After.Height + 1)
	case b.Time.IsZero():
		return fmt.Sprint(b.Height)
	}
	return b.Time.UTC().Format(time.DateOnly)
}

// Born is the birthday of an account or script as it is kept: the earliest of up
// to three, because an address may have been asked for in several ways.
type Born struct {
	Height consensus.Height // unborn for none
	Date   uint32           // Unix seconds, zero for none; see Dated
	After  uint32           // the number of an anchor, zero for none
}

// AtHeight returns what is born at a height.
func AtHeight(h consensus.Height) Born { return Born{Height: h} }

// Anchor is a block after which something is born.
type Anchor struct {
	consensus.BlockID

	// Base is the highest block known to be below both the anchor and the wallet's
	// tip. It is the anchor's height as soon as the wallet has applied the anchor.
	//
	// A number that is free for another anchor has the zero value.
	Base consensus.Height
}

// Dated is a date and the first block of the wallet's chain that it includes.
type Dated struct {
	Date  uint32 // Unix seconds
	First consensus.Height
}
