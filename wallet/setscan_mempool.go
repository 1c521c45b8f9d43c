package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Heard implements spv.Wallet: every wallet hears what is relayed. It is refused if a
// wallet refuses it and none keeps it.
func (s *Set) Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error) {
	err = s.eachSound(ctx, func(w *Wallet) error {
		k, r, err := w.heard(ctx, tx, source, agreed, s.minedFrom())
		kept, refused = kept || k, refused || r
		return err
	})
	return kept, refused && !kept, err
}

// Unsearched implements spv.Wallet: a block counts as searched if it was for every
// wallet that does not know the transaction. Blocks below the height are not searched for what
// comes after that.
func (s *Set) Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) (scripts [][]byte, last consensus.BlockID, err error) {
	s.lookedFrom.Store(int32(from))
	err = s.eachSound(ctx, func(w *Wallet) error {
		list, at, err := w.unsearched(ctx, tx, from)
		switch {
		case len(list) == 0:
		case len(scripts) == 0:
			scripts, last = list, at
		default:
			scripts, last = append(scripts, list...), state.Lower(last, at)
		}
		return err
	})
	return scripts, last, err
}

// minedFrom returns the lowest height of a block that may hold a transaction which comes now.
func (s *Set) minedFrom() consensus.Height { return consensus.Height(s.lookedFrom.Load()) }

// Publish implements spv.Wallet: every wallet that a published transaction
// concerns takes it, unless one of them refuses it.
func (s *Set) Publish(ctx context.Context, tx *wire.MsgTx) (own bool, err error) {
	hash := tx.TxHash()
	var taken []*Wallet
	err = s.each(func(w *Wallet) error {
		known, err := w.keeps(ctx, hash)
		if err != nil {
			return err
		}
		ours, err := w.publish(ctx, tx, s.minedFrom())
		own = own || ours
		if ours && !known {
			taken = append(taken, w)
		}
		return err
	})
	if err == nil {
		return own, nil
	}
	for _, w := range taken {
		err = errors.Join(err, w.Abandon(ctx, hash))
	}
	return false, err
}

// Published implements spv.Wallet: it returns what all wallets want published,
// each transaction once.
func (s *Set) Published(ctx context.Context) ([]*wire.MsgTx, error) {
	var list []*wire.MsgTx
	seen := make(map[chainhash.Hash]bool)
	err := s.eachSound(ctx, func(w *Wallet) error {
		txs, err := w.published(ctx)
		for _, tx := range txs {
			if hash := tx.TxHash(); !seen[hash] {
				seen[hash] = true
				list = append(list, tx)
			}
		}
		return err
	})
	return list, err
}

// MinedAt implements spv.Wallet: it asks one wallet after the other.
func (s *Set) MinedAt(ctx context.Context, hash chainhash.Hash) (h consensus.Height, ok bool, err error) {
	err = s.eachSound(ctx, func(w *Wallet) error {
		if ok {
			return nil
		}
		h, ok, err = w.minedAt(ctx, hash)
		return err
	})
	return h, ok, err
}

// each calls a function for every wallet that has not stopped, until one fails. A wallet
// that is closed meanwhile is none that fails, and one whose file is damaged stops.
func (s *Set) each(fn func(w *Wallet) error) error {
	for _, n := range s.running() {
		err := fn(n.Wallet)
		switch {
		case err == nil || s.closed(n):
		case errors.Is(err, ErrCorrupt):
			s.stop(n, err)
		default:
			return fmt.Errorf("%s: %w", n.name, err)
		}
	}
	return nil
}

// eachSound does so for what only fails if a wallet cannot be used: such a wallet stops.
func (s *Set) eachSound(ctx context.Context, fn func(w *Wallet) error) error {
	for _, n := range s.running() {
		if err := fn(n.Wallet); err != nil && !s.closed(n) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.stop(n, err)
		}
	}
	return nil
}

// running returns the wallets that have not stopped.
func (s *Set) running() []named {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []named
	for _, n := range s.open {
		if !s.stoppedLocked(n) {
			list = append(list, n)
		}
	}
	return list
}
