package spv

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// leaveInvalid makes the chain leave a block that holds a transaction which no full
// node accepts, and asks all peers again what they have: what they have said before
// was about a chain with more work. Peers that go on to send headers of the block are
// banned as for any broken rule.
func (l *loop) leaveInvalid(bad *consensus.InvalidBlock) error {
	re, err := l.store.Invalidate(bad.Block)
	if err != nil {
		return err
	}
	l.touched()
	l.cfg.Log.Error("Block is invalid, its branch is left", "height", bad.Block.Height, "block", bad.Block.Hash, "tx", bad.Tx, "err", bad.Reason)
	l.display.warn(codeInvalid, fmt.Sprintf("Block %s holds a transaction that no full node accepts, and was left with all that follow it.",
		grouped(bad.Block.Height)), "The peers that sent it are banned or follow false miners. Connect to a node that you trust with --addpeer.")
	l.scan.Abandon()
	if re == nil {
		return nil // the chain had left it meanwhile
	}
	l.reorganised(re)
	l.headers.Restart(time.Now())
	return nil
}

// showTroubles shows what is wrong with the wallet.
func (l *loop) showTroubles() {
	w, ok := l.cfg.Wallet.(Troubled)
	if !ok {
		return
	}
	list := w.Troubles()
	if slices.Equal(list, l.troubles) {
		return
	}
	l.troubles = list
	if len(list) == 0 {
		l.display.unwarn(codeWallet)
		return
	}
	l.display.warn(codeWallet, strings.Join(list, " "), w.TroublesHint())
}
