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
func (p *loop) leaveInvalid(bad *consensus.InvalidBlock) error {
	re, err := p.store.Invalidate(bad.Block)
	if err != nil {
		return err
	}
	p.touched()
	p.cfg.Log.Error("Block is invalid, its branch is left", "height", bad.Block.Height, "block", bad.Block.Hash, "tx", bad.Tx, "err", bad.Reason)
	p.warn("invalid-block", fmt.Sprintf("Block %s holds a transaction that no full node accepts, and was left with all that follow it.",
		grouped(bad.Block.Height)), "The peers that sent it are banned or follow false miners. Connect to a node that you trust with --addpeer.")
	p.scan.Abandon()
	if re == nil {
		return nil // the chain had left it meanwhile
	}
	p.reorganised(re)
	p.headers.Restart(time.Now())
	return nil
}

// showTroubles shows what is wrong with the wallet.
func (r *run) showTroubles() {
	w, ok := r.cfg.Wallet.(Troubled)
	if !ok {
		return
	}
	list := w.Troubles()
	if slices.Equal(list, r.troubles) {
		return
	}
	r.troubles = list
	if len(list) == 0 {
		r.unwarn("wallet")
		return
	}
	r.warn("wallet", strings.Join(list, " "), w.TroublesHint())
}
