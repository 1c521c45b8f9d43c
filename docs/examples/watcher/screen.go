package main

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// clear brings a terminal back to the beginning of the line, and deletes the line.
const clear = "\r\x1b[K"

// screen is what the terminal shows.
type screen struct {
	tip     consensus.BlockID
	reorgs  int
	balance *wallet.Balance
}

// showStatus shows how far the sync has got on one line that the next status overwrites: the
// fraction, the time left, and a sentence. Once all is synced it prints a line for each newest block.
func (s *screen) showStatus(st *spv.Status) {
	if !st.Synced {
		fmt.Printf("%s%.0f %%", clear, 100*st.Ratio)
		if st.ETA > 0 {
			fmt.Printf(", %v left", st.ETA.Round(time.Second))
		}
		fmt.Printf(": %s %s", st.Reason, st.Hint)
		return
	}
	if st.Reorgs != s.reorgs {
		s.reorgs = st.Reorgs
		fmt.Printf("%sthe chain goes back to block %d\n", clear, st.LastReorg.Fork.Height)
	}
	if st.Tip != s.tip {
		s.tip = st.Tip
		fmt.Printf("%ssynced at block %d, %v\n", clear, st.Tip.Height, st.Tip.Hash)
	}
}

// showBalance prints the balance if it is another one than before.
func (s *screen) showBalance(b wallet.Balance) {
	if s.balance == nil || *s.balance != b {
		s.balance = &b
		fmt.Printf("%sbalance: %v, of that unconfirmed: %v\n", clear, b.Total, b.Unconfirmed)
	}
}
