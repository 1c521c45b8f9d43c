package wallet

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// FiltersFrom returns the lowest height of a block that is ever matched against what the wallet
// watches now, or consensus.Never. If something is born at a date that no block of the wallet's
// chain has reached, it also returns from which time on blocks are, or else the zero time.
func (w *Wallet) FiltersFrom() (h consensus.Height, since time.Time) {
	s := w.now.Load()
	h = w.births.first(s)
	if s.waiting { // new blocks may hold an unmined transaction
		h = min(h, s.tip.Height+1)
	}
	if s.scan() {
		h = min(h, s.cursor.Height+1)
	}
	for _, d := range s.dates {
		if at := time.Unix(int64(d.date), 0).Add(-birthdayMargin); d.first == unborn && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	return h, since
}

// FiltersFrom implements spv.Selective: it is that of all wallets, those that have stopped too,
// and of what is imported without a birthday. Without a birthday for these, and while a file of
// a wallet cannot be opened, it is the genesis block.
func (s *Set) FiltersFrom() (h consensus.Height, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.ImportsBorn == nil || len(s.refused) > 0 {
		return 0, time.Time{}
	}
	h, since = s.cfg.ImportsBorn.from()
	for _, n := range s.open {
		height, date := n.FiltersFrom()
		h = min(h, height)
		if !date.IsZero() && (since.IsZero() || date.Before(since)) {
			since = date
		}
	}
	return h, since
}

// from returns the first height that a birthday includes, or consensus.Never and the time of the
// first block that it includes.
func (b Birthday) from() (h consensus.Height, since time.Time) {
	switch {
	case b.After != consensus.BlockID{}:
		return b.After.Height + 1, time.Time{}
	case !b.Time.IsZero():
		return consensus.Never, b.Time.Add(-birthdayMargin)
	}
	return b.Height, time.Time{}
}
