package wallet

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// birthdayMargin is how far before a birthday's date a block is already taken
// to be in its range: miners' clocks, wallets' clocks and time zones differ.
const birthdayMargin = 24 * time.Hour

// unborn is the birthday height of what is born in a block not yet seen.
const unborn = chain.Never

// Birthday is the time from which payments to an account or address are looked
// for: a height, or a date if Time is not zero. Blocks before it are never
// fetched, and what they pay does not count. A date becomes a height once: the
// first block of the chain not older than a day before it, or, if the wallet
// has passed that block already, up to sparseBlocks before it. A wallet made
// now has the date of now.
type Birthday struct {
	Height chain.Height
	Time   time.Time
}

// validate refuses values that the stored form cannot hold.
func (b Birthday) validate() error {
	if b.Height < 0 {
		return fmt.Errorf("birthday height %d is negative", b.Height)
	}
	if !b.Time.IsZero() && (b.Time.Unix() <= 0 || b.Time.Unix() > 1<<32-1) {
		return fmt.Errorf("birthday %s is out of the range of block times", b.Time.UTC().Format(time.DateOnly))
	}
	return nil
}

// String returns the birthday as a user wrote it.
func (b Birthday) String() string {
	if b.Time.IsZero() {
		return fmt.Sprint(b.Height)
	}
	return b.Time.UTC().Format(time.DateOnly)
}

// height returns the first height the birthday includes, or unborn while that
// is not known.
func (b Birthday) height() chain.Height {
	if b.Time.IsZero() {
		return b.Height
	}
	return unborn
}

// settle makes a height of a date at the first block that it includes. Blocks
// are to be shown to it in height order. It reports whether it changed b.
func (b *Birthday) settle(h chain.Height, blockTime time.Time) bool {
	if b.Time.IsZero() || blockTime.Before(b.Time.Add(-birthdayMargin)) {
		return false
	}
	*b = Birthday{Height: h}
	return true
}

// lower returns the birthday, or the height if that includes more.
func (b Birthday) lower(h chain.Height) Birthday {
	if b.height() <= h {
		return b
	}
	return Birthday{Height: h}
}
