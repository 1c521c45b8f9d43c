package wallet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Branches is what a wallet asks the chain store about blocks that it does not remember.
// A *chain.Reader is one.
type Branches interface {
	Branch(hash chainhash.Hash, locator []consensus.BlockID) (chain.Branch, error)
	Ancestor(locator []consensus.BlockID, h consensus.Height) (consensus.BlockID, error)
}

// Since says how a wallet has changed after a block, as of one state of it.
type Since struct {
	// Fork is the last block that the wallet's chain has in common with that of the
	// block; it is the block itself unless that has left the chain.
	Fork consensus.BlockID

	// Tip is the newest block applied, and Last the block to go on after.
	Tip, Last consensus.BlockID

	// Removed are the transactions of the blocks above Fork that were taken back, also
	// of branches that the block is not part of, the newest first, and those that the next block made void. Some may be unmined now,
	// or be mined in another block: they are described as they are now. Those that the
	// wallet no longer has, because they cannot be mined, have -1 confirmations.
	Removed []*Transaction
}

// below returns the removed transactions that a block of the chain holds which is not above
// a height, newest first: what was taken back had repeated them.
func (s *Since) below(height consensus.Height) []*Transaction {
	var list []*Transaction
	for _, t := range s.Removed {
		if t.Confirmations > 0 && t.Place.Height <= height {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *Transaction) int {
		return bytes.Compare(txn.PlaceKey(b.Place), txn.PlaceKey(a.Place))
	})
	return list
}

// Since reads what has happened after a block: it calls yield for the unmined
// transactions, those mined after it, newest first, and those of Since.Removed that are mined
// nevertheless, until yield returns false. It calls
// begin before that. All is of one state of the wallet. The zero hash is the genesis
// block.
//
// What searches of old blocks have found since the caller may have read the wallet is listed too,
// with all that was mined above the lowest of it: the caller may know some of that.
//
// Since.Last is the block with confs confirmations, at least 1, and not above the last one
// that was searched for everything: a caller that goes on after it misses nothing. The
// error is ErrNoBlock if it is not known where the block is, or ErrDiskFull: the blocks that the caller
// learns of are stored before.
func (w *Wallet) Since(ctx context.Context, hash chainhash.Hash, confs int64, store Branches, begin func(Since), yield func(*Transaction) bool) error {
	if err := w.store.Persist(ctx); err != nil {
		return fmt.Errorf("history since a block: store the blocks up to the tip: %w", err)
	}
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		q := newQuery(w, tx, s)
		p := parting{fork: s.Blocks[0].BlockID}
		var err error
		if hash != (chainhash.Hash{}) {
			if p, err = q.parting(hash, store); err != nil {
				return err
			}
		}
		out := Since{Fork: p.fork, Tip: s.Tip, Last: ancestor(s, store, s.LastSearched(confs))}
		if hash != (chainhash.Hash{}) { // else the caller knows nothing that could be removed
			if out.Removed, err = q.removed(&p); err != nil {
				return err
			}
		}
		above, err := p.above(tx)
		found, err2 := ledger.FoundSince(tx, p.fork.Height)
		if err := cmp.Or(err, err2); err != nil {
			return err
		}
		above = min(above, found-1)
		begin(out)
		more := true
		err = q.history(ctx, &HistoryFilter{Above: above}, func(t *Transaction) bool {
			more = yield(t)
			return more
		})
		for _, t := range out.below(above) {
			more = more && err == nil && yield(t)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("history since a block: %w", err)
	}
	return nil
}

// ancestor returns the block of the wallet's chain at a height, or if that is not known the
// highest one below it that the wallet remembers.
func ancestor(s *state.Snapshot, store Branches, h consensus.Height) consensus.BlockID {
	if b, ok := remembered.At(s.Blocks, h); ok {
		return b.BlockID
	}
	if store == nil {
		return remembered.Below(s.Blocks, h).BlockID
	}
	if id, err := store.Ancestor(remembered.Locate(s.Blocks, s.Tip.Height), h); err == nil {
		return id
	}
	return remembered.Below(s.Blocks, h).BlockID
}

// parting is how the branch of a block parts from the wallet's chain.
type parting struct {
	fork consensus.BlockID // the last block in common
	left []ledger.Left     // the blocks above it, newest first
}

// parting returns how the branch of a block parts from the wallet's chain.
func (q *query) parting(hash chainhash.Hash, store Branches) (p parting, err error) {
	var outside []consensus.BlockID // blocks below the one at hand that the store has told of
	for {
		if i := slices.IndexFunc(q.s.Blocks, func(b remembered.Block) bool { return b.Hash == hash }); i >= 0 {
			p.fork = q.s.Blocks[i].BlockID
			return p, nil
		}
		l, ok, err := ledger.GetLeft(q.tx, hash)
		if err != nil {
			return p, err
		}
		if ok {
			p.left, hash = append(p.left, l), l.Parent.Hash
			continue
		}
		if i := slices.IndexFunc(outside, func(id consensus.BlockID) bool { return id.Hash == hash }); i >= 0 && i < len(outside)-1 {
			p.left, hash = append(p.left, ledger.Left{BlockID: outside[i], Parent: outside[i+1], Disapproves: true}), outside[i+1].Hash
			continue
		}
		br, err := store.Branch(hash, remembered.Locate(q.s.Blocks, q.s.Tip.Height))
		if errors.Is(err, chain.ErrNotFound) {
			return p, ErrNoBlock
		}
		if err != nil {
			return p, err
		}
		if len(br.Left) == 0 { // the wallet has not seen it, or no longer remembers it
			p.fork = br.Fork
			if br.Common.Height < br.Fork.Height {
				p.fork = br.Common
			}
			return p, nil
		}
		outside = append(br.Left, br.Fork)
	}
}

// above returns the height above which transactions count as mined after the fork: below
// it if the block of the fork may have been disapproved on a branch that was left, and is
// not now.
func (p *parting) above(tx *bolt.Tx) (consensus.Height, error) {
	if ledger.IsDisapproved(tx, p.fork.Height) {
		return p.fork.Height, nil
	}
	was, err := ledger.WasDisapproved(tx, p.fork)
	if n := len(p.left); n > 0 && p.left[n-1].Disapproves {
		was = true
	}
	if was {
		return p.fork.Height - 1, err
	}
	return p.fork.Height, err
}

// branchesAbove returns the blocks that were taken back and whose branches part from the
// wallet's chain at a height or above it, newest first: those of which no block up to that
// height is in the left bucket. That has no block that has come back. Where a branch parts
// is not always known: the parent of a block is the one remembered below it.
func (q *query) branchesAbove(fork consensus.Height) ([]ledger.Left, error) {
	var list []ledger.Left
	below := make(map[consensus.BlockID]bool) // blocks of branches that part below the height
	err := rows.Each(q.tx.Bucket(ledger.LeftBucket), func(k, v []byte) error {
		l, err := ledger.DecodeLeft(k, v)
		if err != nil {
			return err
		}
		if below[l.Parent] || l.Height <= fork {
			below[l.BlockID] = true
			return nil
		}
		list = append(list, l)
		return nil
	})
	slices.Reverse(list)
	return list, err
}

// removed describes the transactions of the blocks above the fork that were taken back,
// and those of the fork that the next block made void.
func (q *query) removed(p *parting) ([]*Transaction, error) {
	branches, err := q.branchesAbove(p.fork.Height)
	if err != nil {
		return nil, err
	}
	var taken []*ledger.Mined
	for i := range branches {
		list, err := ledger.TakenIn(q.tx, &branches[i])
		if err != nil {
			return nil, err
		}
		slices.Reverse(list)
		taken = append(taken, list...)
	}
	if ledger.IsDisapproved(q.tx, p.fork.Height) {
		list, err := ledger.MinedIn(q.tx, p.fork.Height, p.fork.Height)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if m.Place.Tree == wire.TxTreeRegular {
				taken = append(taken, m)
			}
		}
	}
	out := make([]*Transaction, 0, len(taken))
	seen := make(map[chainhash.Hash]bool)
	for _, m := range taken {
		if now, err := ledger.GetMined(q.tx, m.Place); err != nil || now != nil && now.Block == m.Block && now.Hash == m.Hash && !ledger.Void(q.tx, m.Place) {
			if err != nil {
				return nil, err
			}
			continue // it is there all the same
		}
		if seen[m.Hash] {
			continue
		}
		seen[m.Hash] = true
		t, err := q.transaction(m.Hash)
		if errors.Is(err, ErrNoTransaction) { // it can no longer be mined
			t = &Transaction{Hash: m.Hash, Kind: txn.KindAt(m.Place, m.Tx), Tx: m.Tx, Time: m.When(), Confirmations: -1}
			err = q.describe(t, q.w.store.OwnerAt(q.s, m.Place.Height))
		}
		if err != nil {
			return nil, fmt.Errorf("transaction %s: %w", m.Hash, err)
		}
		out = append(out, t)
	}
	return out, nil
}
