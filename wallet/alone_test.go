package wallet

import (
	"context"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// A wallet alone is taken along by tests as a set is: these methods make it a scanner and a mempool.

func (w *Wallet) Scanned() (at consensus.BlockID, watching bool) {
	s := w.store.Now()
	return s.Scanned(), s.Count() > 0
}

func (w *Wallet) Locator() []consensus.BlockID { return w.steps.locator() }

func (w *Wallet) Scripts() ([][]byte, uint64) { return w.steps.scripts() }

func (w *Wallet) Apply(ctx context.Context, u chain.Update) (bool, error) { return w.apply(ctx, u) }

func (w *Wallet) Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error) {
	return w.heard(ctx, tx, source, agreed)
}

func (w *Wallet) Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) ([][]byte, consensus.BlockID, error) {
	return w.unsearched(ctx, tx, from)
}
