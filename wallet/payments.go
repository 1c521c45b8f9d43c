package wallet

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/spv/consensus"
)

// EachPayment calls yield for each transaction of an open wallet that is mined above a
// height and adds at least an amount to the wallet: with the name of the wallet, the hash
// of the transaction, what it adds in atoms, and its block. What the votes of the next
// block made void is left out. The error is that a wallet cannot be read, or the cause of
// the end of ctx.
func (s *Set) EachPayment(ctx context.Context, least dcrutil.Amount, above consensus.Height,
	yield func(wallet string, tx chainhash.Hash, amount dcrutil.Amount, block consensus.BlockID)) error {
	for _, n := range s.running() {
		err := n.EachTransaction(ctx, HistoryFilter{Above: above}, func(t *Transaction) bool {
			if net := t.Net(); t.Mined() && !t.Void && net >= least {
				yield(n.name, t.Hash, net, consensus.BlockID{Height: t.Place.Height, Hash: t.Block})
			}
			return true
		})
		if err != nil && !s.closed(n) {
			return err
		}
	}
	return nil
}

// MinedIn returns the block that holds a transaction of the wallet of a name, and what it
// adds to the wallet in atoms. The block is the zero value while it is not mined, and known
// is false if the wallet has no such transaction. The error is ErrNoWallet, or that the
// wallet cannot be read.
func (s *Set) MinedIn(ctx context.Context, name string, hash chainhash.Hash) (block consensus.BlockID, amount dcrutil.Amount, known bool, err error) {
	w, err := s.Wallet(name)
	if err != nil {
		return consensus.BlockID{}, 0, false, err
	}
	t, err := w.Transaction(ctx, hash)
	switch {
	case errors.Is(err, ErrNoTransaction):
		return consensus.BlockID{}, 0, false, nil
	case err != nil:
		return consensus.BlockID{}, 0, false, err
	case !t.Mined():
		return consensus.BlockID{}, t.Net(), true, nil
	}
	return consensus.BlockID{Height: t.Place.Height, Hash: t.Block}, t.Net(), true, nil
}
