package spv

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/defect"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/match"
	"github.com/spvd/spvd/spv/p2p"
)

// minedLookback is how many of the newest blocks are looked through for a
// transaction before it counts as unmined, one day's worth on the main network.
// dcrd serves a transaction from its mempool, which a block clears, or for 45
// seconds after it announced it. So who sends one that was mined longer ago lags
// behind, or means to deceive, for which a transaction that was never mined does as
// well.
const minedLookback = 288

// Limits on transactions that were mined and are remembered.
const (
	maxAlreadyMined      = 1000
	maxAlreadyMinedBytes = 1 << 20
)

// alreadyMined is a transaction that was heard after it was mined.
type alreadyMined struct {
	tx    *wire.MsgTx
	hash  chainhash.Hash
	block consensus.BlockID
	tree  int8
}

// searchedBlocks is what blocks that were fetched to look for a transaction hold: the
// trees of their transactions. Nobody can have the same block fetched again and again.
type searchedBlocks map[consensus.BlockID]map[chainhash.Hash]int8

// tellWallet gives the wallet a transaction that was heard, unless it is in one of
// the newest blocks as far as the wallet has not searched these: then it returns the
// transaction and its block. Peers learn what the wallet makes of it.
func (s *Syncer) tellWallet(ctx context.Context, tx *wire.MsgTx, from p2p.Tx, searched searchedBlocks) (*alreadyMined, error) {
	b, concerns, err := s.searchBack(ctx, tx, searched)
	kept, refused := false, false
	if err == nil && b == nil && (concerns || from.Agreed) {
		kept, refused, err = s.cfg.Wallet.Heard(ctx, tx, from.Source, from.Agreed)
	}
	s.cfg.Peers.JudgeTx(tx.TxHash(), kept, refused)
	return b, err
}

// searchBack looks for a transaction in the newest blocks, as far as it might be there
// without the wallet knowing, and reports whether the wallet should know it.
func (s *Syncer) searchBack(ctx context.Context, tx *wire.MsgTx, searched searchedBlocks) (b *alreadyMined, concerns bool, err error) {
	store, err := s.Chain()
	if err != nil {
		return nil, false, err
	}
	for {
		tip := store.State().Filters.Height
		from := max(1, tip-minedLookback+1)
		scripts, last, err := s.cfg.Wallet.Unsearched(ctx, tx, from)
		if err != nil || len(scripts) == 0 {
			return nil, false, err
		}
		if hash, err := store.Hash(last.Height); err == nil && hash == last.Hash { // the wallet is on this chain
			from = max(from, last.Height+1)
		}
		b, err := s.findIn(ctx, store, tx, match.NewSet(scripts), from, tip, searched)
		if !chainMoved(err) || ctx.Err() != nil {
			return b, true, err
		}
	}
}

// findIn looks for a transaction in blocks whose filters match scripts, the newest
// first. The error is chain.ErrStale or chain.ErrNotFound when blocks have left the
// chain.
func (s *Syncer) findIn(ctx context.Context, store *chain.Chain, tx *wire.MsgTx, set *match.Set, from, to consensus.Height, searched searchedBlocks) (*alreadyMined, error) {
	var found []hit
	var m match.Matcher
	err := store.Scan(from, to, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		matches, err := matches(&m, h, filter, set)
		s.defects.Report(err)
		if matches || err != nil { // a filter that cannot be decoded says nothing
			found = append(found, hit{id, *h})
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	b := &alreadyMined{tx: tx, hash: tx.TxHash()}
	for _, h := range slices.Backward(found) {
		trees, err := s.treesOf(ctx, store, h, searched)
		if err != nil {
			return nil, err
		}
		var ok bool
		if b.tree, ok = trees[b.hash]; !ok {
			continue
		}
		b.block = h.BlockID
		if mined, err := b.isMined(store); mined || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// treesOf returns the transactions of a block.
func (s *Syncer) treesOf(ctx context.Context, store *chain.Chain, h hit, searched searchedBlocks) (map[chainhash.Hash]int8, error) {
	if trees, ok := searched[h.BlockID]; ok {
		return trees, nil
	}
	msg, _, err := s.blocks.Fetch(ctx, h.BlockID, &h.header, blocks.OnMain(store))
	if err != nil {
		return nil, err
	}
	trees := make(map[chainhash.Hash]int8, len(msg.Transactions)+len(msg.STransactions))
	for _, tx := range msg.Transactions {
		trees[tx.TxHash()] = wire.TxTreeRegular
	}
	for _, tx := range msg.STransactions {
		trees[tx.TxHash()] = wire.TxTreeStake
	}
	searched[h.BlockID] = trees
	return trees, nil
}

// isMined reports whether the transaction's block is part of the chain, and the
// next one, if there is one, does not disapprove of it.
func (b *alreadyMined) isMined(store *chain.Chain) (bool, error) {
	hash, err := store.Hash(b.block.Height)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return false, nil
	case err != nil || hash != b.block.Hash:
		return false, err
	}
	next, err := store.Header(b.block.Height + 1)
	if errors.Is(err, chain.ErrNotFound) {
		return true, nil
	}
	return b.tree == wire.TxTreeStake || next.VoteBits()&1 != 0, err
}

// reconsider divides what was mined when it was looked for last into what still is,
// and may not stay so, and what is not.
func reconsider(store *chain.Chain, list []*alreadyMined) (still []*alreadyMined, not []*wire.MsgTx, err error) {
	tip := store.State().Filters.Height
	for _, b := range list {
		mined, err := b.isMined(store)
		switch {
		case err != nil:
			return nil, nil, err
		case !mined:
			not = append(not, b.tx)
		case b.block.Height > tip-minedLookback:
			still = append(still, b)
		}
	}
	return still, not, nil
}

// giveHeard gives the wallet what was heard, one job at a time, and what is not mined
// any more since blocks have left the chain. It waits for the filters of new blocks.
func (p *loop) giveHeard() {
	r, st := p.relay, p.store.State()
	tip := st.Tip
	if r.taking || st.Filters != tip || len(r.heard) == 0 && (len(r.alreadyMined) == 0 || r.judged == tip) {
		return
	}
	r.taking, r.judged = true, tip
	r.giving, r.heard = r.heard, nil
	txs, list, searched := r.giving, r.alreadyMined, r.searched
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		list, err := p.give(ctx, txs, list, searched)
		return func() error {
			if ctx.Err() != nil {
				return nil
			}
			var bad *consensus.InvalidBlock
			if errors.As(err, &bad) { // they are looked for again, in other blocks
				r.taking, r.heard, r.giving = false, append(r.giving, r.heard...), nil
				return p.leaveInvalid(bad)
			}
			r.taking, r.giving, r.alreadyMined = false, nil, list
			return err
		}
	})
}

// give gives the wallet transactions, and those of a list that are not mined any
// more. It returns the list of those that are.
func (s *Syncer) give(ctx context.Context, txs []p2p.Tx, list []*alreadyMined, searched searchedBlocks) ([]*alreadyMined, error) {
	store, err := s.Chain()
	if err != nil {
		return nil, err
	}
	oldest := store.State().Filters.Height - minedLookback
	maps.DeleteFunc(searched, func(id consensus.BlockID, _ map[chainhash.Hash]int8) bool { return id.Height <= oldest })
	list, again, err := reconsider(store, list)
	if err != nil {
		return nil, err
	}
	tell := func(tx *wire.MsgTx, from p2p.Tx) error {
		b, err := defect.Contain(0, func() (*alreadyMined, error) { return s.tellWallet(ctx, tx, from, searched) })
		if s.defects.Report(err) { // the transaction is dropped
			s.cfg.Peers.JudgeTx(tx.TxHash(), false, false)
			return nil
		}
		if b != nil && !slices.ContainsFunc(list, func(o *alreadyMined) bool { return o.hash == b.hash }) {
			s.cfg.Log.Debug("Transaction was mined before it was heard", "tx", b.hash, "height", b.block.Height)
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
		if s.defects.Report(err) {
			continue
		}
		if err != nil {
			s.cfg.Log.Debug("Relayed transaction is malformed", "err", err)
			continue
		}
		if err := tell(tx, h); err != nil {
			return nil, err
		}
	}
	return newestAlreadyMined(list), nil
}

// newestAlreadyMined returns those of a list that are remembered.
func newestAlreadyMined(list []*alreadyMined) []*alreadyMined {
	first, held := len(list), 0
	for first > 0 && len(list)-first < maxAlreadyMined {
		if held += parse.Held(list[first-1].tx); held > maxAlreadyMinedBytes {
			break
		}
		first--
	}
	return slices.Clone(list[first:])
}
