package dcrwallet

import (
	"context"
	stderrors "errors"

	"decred.org/dcrwallet/v5/errors"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
)

// PublishTransactions offers transactions to peers until they are mined or have expired: to
// one peer first, and to more as long as no other peer announces them. Those that the wallet
// keeps are offered again after a restart. The error is of the kind errors.NoPeers without
// peers, and errors.Invalid for a transaction that no block may hold.
func (s *Syncer) PublishTransactions(ctx context.Context, txs ...*wire.MsgTx) error {
	const op errors.Op = "dcrwallet.PublishTransactions"
	r, ctx, done, err := s.request(ctx)
	if err != nil {
		return errors.E(op, err)
	}
	defer done()
	for _, tx := range txs {
		_, err := r.engine.Publish(ctx, tx)
		switch {
		case err == nil:
		case stderrors.Is(err, spv.ErrNoPeers):
			return errors.E(op, errors.NoPeers, err)
		case stderrors.Is(err, spv.ErrRejected):
			return errors.E(op, errors.Invalid, err)
		default:
			return errors.E(op, err)
		}
	}
	r.books.changed()
	return nil
}
