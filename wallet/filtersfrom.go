package wallet

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

// filtersFrom returns the lowest height of a block that is ever matched against what the wallet
// watches now, or consensus.Never. If something is born at a date that no block of the wallet's
// chain has reached, it also returns from which time on blocks are, or else the zero time.
func (w *Wallet) filtersFrom() (h consensus.Height, since time.Time) {
	s := w.store.Now()
	h = w.store.FirstBirth(s)
	h = min(h, max(s.Waiting, s.Tip.Height+1)) // new blocks may hold an unmined transaction
	for _, d := range s.Birthdays.Dates {
		if at := time.Unix(int64(d.Date), 0).Add(-birthday.Margin); d.First == birthday.Unborn && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	return h, since
}

// FiltersFrom implements spv.Selective: it is that of all wallets, those that have stopped too,
// and of what is imported without a birthday, unless SetConfig.FiltersOnDemand. Without a birthday
// for these, and while a file of a wallet cannot be opened, it is the genesis block.
func (s *Set) FiltersFrom() (h consensus.Height, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.refused) > 0:
		return 0, time.Time{}
	case s.cfg.FiltersOnDemand:
		h = consensus.Never
	case s.cfg.ImportsBorn == nil:
		return 0, time.Time{}
	default:
		h, since = from(*s.cfg.ImportsBorn)
	}
	for _, n := range s.open {
		height, date := n.filtersFrom()
		h = min(h, height)
		if !date.IsZero() && (since.IsZero() || date.Before(since)) {
			since = date
		}
	}
	return h, since
}

// UnscannedFrom returns the lowest height of a block that a wallet has yet to be searched for in,
// which is above its tip if it has been searched for everywhere. The error says that this is not
// known: a file cannot be read, or a wallet has stopped.
func (s *Set) UnscannedFrom() (consensus.Height, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, cause := range s.refused {
		return 0, fmt.Errorf("wallet %s cannot be read: %w", name, cause)
	}
	h := consensus.Never
	for _, n := range s.open {
		if s.stoppedLocked(n) {
			return 0, fmt.Errorf("wallet %s has stopped: %w", n.name, s.failed[n.name])
		}
		now := n.store.Now()
		if now.Count() == 0 {
			continue
		}
		h = min(h, now.Tip.Height+1)
		if now.Scan() {
			h = min(h, now.Cursor.Height+1)
		}
	}
	return h, nil
}

// from returns the first height that a birthday includes, or consensus.Never and the time of the
// first block that it includes.
func from(b Birthday) (h consensus.Height, since time.Time) {
	switch {
	case b.After != consensus.BlockID{}:
		return b.After.Height + 1, time.Time{}
	case !b.Time.IsZero():
		return consensus.Never, b.Time.Add(-birthday.Margin)
	}
	return b.Height, time.Time{}
}
