package txrelay

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Limits on transactions that were mined and are remembered.
const (
	maxAlreadyMined      = 1000
	maxAlreadyMinedBytes = 1 << 20
)

// giveHeard starts a job that gives the wallet what was heard, if none does already, and what is
// no longer mined since blocks have left the chain. It waits for the filters of new blocks.
func (r *Relay) giveHeard() {
	st := r.store.State()
	tip := st.Tip
	if r.taking || st.Filters != tip || len(r.heard) == 0 && (len(r.alreadyMined) == 0 || r.judged == tip) {
		return
	}
	r.taking, r.judged = true, tip
	r.giving, r.heard = r.heard, nil
	txs, list, searched := r.giving, r.alreadyMined, r.searched
	store := r.store
	r.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		list, err := r.give(ctx, store, txs, list, searched)
		return func() error {
			if ctx.Err() != nil {
				return nil
			}
			var bad *consensus.InvalidBlock
			if errors.As(err, &bad) { // they are searched for again, in other blocks
				r.taking, r.heard, r.giving = false, append(r.giving, r.heard...), nil
				return bad
			}
			r.taking, r.giving, r.alreadyMined = false, nil, list
			return err
		}
	})
}

// give gives the wallet transactions, and those of a list that are no longer mined. It returns
// the list of those that are.
func (r *Relay) give(
	ctx context.Context, store *chain.Reader, txs []p2p.Tx, list []*AlreadyMined, searched SearchedBlocks,
) ([]*AlreadyMined, error) {
	oldest := store.State().Filters.Height - Lookback
	maps.DeleteFunc(searched, func(id consensus.BlockID, _ map[chainhash.Hash]int8) bool { return id.Height <= oldest })
	list, again, err := reconsider(store, list)
	if err != nil {
		return nil, err
	}
	tell := func(tx *wire.MsgTx, from p2p.Tx) error {
		b, err := defect.Contain(0, func() (*AlreadyMined, error) { return r.giveOne(ctx, store, tx, from, searched) })
		if r.deps.Defects.Report(err) { // the transaction is dropped
			r.deps.Peers.JudgeTx(tx.TxHash(), false, false)
			return nil
		}
		if b != nil && !slices.ContainsFunc(list, func(o *AlreadyMined) bool { return o.hash == b.hash }) {
			r.deps.Log.Debug("Transaction was mined before it was heard", "tx", b.hash, "height", b.Block.Height)
			list = append(list, b)
		}
		return err
	}
	for _, tx := range again {
		if err := tell(tx, p2p.Tx{}); err != nil {
			return nil, err
		}
	}
	for _, h := range txs {
		tx, err := defect.Contain(0, func() (*wire.MsgTx, error) { return parse.Tx(h.Raw) })
		if r.deps.Defects.Report(err) {
			continue
		}
		if err != nil {
			r.deps.Log.Debug("Relayed transaction is malformed", "err", err)
			continue
		}
		if err := tell(tx, h); err != nil {
			return nil, err
		}
	}
	return newestMined(list), nil
}

// giveOne gives the wallet a transaction that was heard, unless it is in one of the newest
// blocks as far as the wallet has not searched these: then it returns the transaction and its
// block. The pool learns whether the wallet keeps it.
func (r *Relay) giveOne(
	ctx context.Context, store *chain.Reader, tx *wire.MsgTx, from p2p.Tx, searched SearchedBlocks,
) (*AlreadyMined, error) {
	b, concerns, err := r.deps.Finder.Find(ctx, store, tx, searched)
	kept, refused := false, false
	if err == nil && b == nil && (concerns || from.Agreed) {
		kept, refused, err = r.deps.Wallet.Heard(ctx, tx, from.Source, from.Agreed)
	}
	r.deps.Peers.JudgeTx(tx.TxHash(), kept, refused)
	return b, err
}

// reconsider parts transactions that were mined when they were last searched for into those that
// still are, and may not stay so, and those that are not.
func reconsider(store *chain.Reader, list []*AlreadyMined) (still []*AlreadyMined, not []*wire.MsgTx, err error) {
	tip := store.State().Filters.Height
	for _, b := range list {
		mined, err := b.isMined(store)
		switch {
		case err != nil:
			return nil, nil, err
		case !mined:
			not = append(not, b.tx)
		case b.Block.Height > tip-Lookback:
			still = append(still, b)
		}
	}
	return still, not, nil
}

// newestMined returns those of a list that are remembered.
func newestMined(list []*AlreadyMined) []*AlreadyMined {
	first, held := len(list), 0
	for first > 0 && len(list)-first < maxAlreadyMined {
		if held += parse.Held(list[first-1].tx); held > maxAlreadyMinedBytes {
			break
		}
		first--
	}
	return slices.Clone(list[first:])
}
