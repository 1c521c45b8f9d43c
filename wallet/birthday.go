package wallet

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

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
type Birthday = birthday.Birthday

// NewBorn is the text for the birthday of what has never been used.
const NewBorn = "new"

// farthestZone is how far ahead of local time a day has begun somewhere.
const farthestZone = 24 * time.Hour

// ParseBirthday returns the birthday that a text names at a time: a height, a
// date like 2024-01-31, or NewBorn, which is now. The errors are ErrBadBirthday
// and ErrFutureBirthday; they do not repeat the text, which may be a key.
func ParseBirthday(text string, now time.Time) (Birthday, error) {
	if text == NewBorn {
		return Birthday{Time: now}, nil
	}
	if height, err := strconv.ParseUint(text, 10, 31); err == nil {
		return Birthday{Height: consensus.Height(height)}, nil
	}
	date, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		return Birthday{}, ErrBadBirthday
	case date.After(now.Add(farthestZone)):
		return Birthday{}, ErrFutureBirthday
	}
	return Birthday{Time: date}, nil
}

// checkTip returns ErrBirthdayAboveTip for the height of a block that is not the
// next one after the tip or below it.
func checkTip(b Birthday, tip consensus.Height) error {
	if tip != consensus.Never && b.Height > tip+1 {
		return fmt.Errorf("%w, which is %d; give new for what was never used", ErrBirthdayAboveTip, tip)
	}
	return nil
}
