package txrelay

import (
	"context"
	"errors"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/match"
)

// Lookback is how many of the newest blocks are searched for a transaction before it counts
// as unmined, one day's worth on the main network. dcrd serves a transaction from its mempool,
// which a block clears, or for 45 seconds after it announced it. So a peer that sends one that
// was mined longer ago is behind, or means to deceive, for which a transaction that was never
// mined does as well.
const Lookback = 288

// Finder finds transactions in the newest blocks. Any goroutine may use it.
type Finder struct {
	Wallet  Searched
	Blocks  *blocks.Fetcher
	Defects *defect.Reporter
}

// Searched is the part of a wallet that knows which blocks were searched for it; see
// spv.Mempool.
type Searched interface {
	Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) (scripts [][]byte, last consensus.BlockID, err error)
}

// AlreadyMined is a transaction that was relayed after it was mined.
type AlreadyMined struct {
	Block consensus.BlockID // that holds it

	tx   *wire.MsgTx
	hash chainhash.Hash
	tree int8
}

// SearchedBlocks are the trees of the transactions in blocks that were fetched to search for a
// transaction, so that no peer can have the same block fetched again and again.
type SearchedBlocks map[consensus.BlockID]map[chainhash.Hash]int8

// Find searches the newest blocks of a store for a transaction, as far as it might be there
// without the wallet knowing it. It returns the transaction if a block holds it, else nil, and
// whether the transaction concerns the wallet. The error is that of the wallet or the store, or
// a *consensus.InvalidBlock.
func (f *Finder) Find(ctx context.Context, store *chain.Reader, tx *wire.MsgTx, searched SearchedBlocks) (
	b *AlreadyMined, concerns bool, err error,
) {
	for {
		st := store.State()
		tip := st.Filters.Height
		from := max(1, tip-Lookback+1, st.Floor)
		scripts, last, err := f.Wallet.Unsearched(ctx, tx, from)
		if err != nil || len(scripts) == 0 {
			return nil, false, err
		}
		if hash, err := store.Hash(last.Height); err == nil && hash == last.Hash { // the wallet is on this chain
			from = max(from, last.Height+1)
		}
		b, err := f.findIn(ctx, store, tx, match.NewSet(scripts), from, tip, searched)
		if !blocks.LeftChain(err) || ctx.Err() != nil {
			return b, true, err
		}
	}
}

// candidate is a block that may hold a transaction.
type candidate struct {
	consensus.BlockID
	header consensus.Header
}

// findIn searches for a transaction in blocks whose filters match scripts, the newest
// first. The error is chain.ErrStale or chain.ErrNotFound when blocks have left the
// chain.
func (f *Finder) findIn(
	ctx context.Context, store *chain.Reader, tx *wire.MsgTx, set *match.Set, from, to consensus.Height,
	searched SearchedBlocks,
) (*AlreadyMined, error) {
	var found []candidate
	var m match.Matcher
	err := store.Scan(from, to, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		matches, err := defect.Contain(0, func() (bool, error) { return m.Any(h.FilterKey(), filter, set) })
		f.Defects.Report(err)
		if matches || err != nil { // a filter that cannot be decoded says nothing
			found = append(found, candidate{id, *h})
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	b := &AlreadyMined{tx: tx, hash: tx.TxHash()}
	for _, h := range slices.Backward(found) {
		trees, err := f.treesOf(ctx, store, h, searched)
		if err != nil {
			return nil, err
		}
		var ok bool
		if b.tree, ok = trees[b.hash]; !ok {
			continue
		}
		b.Block = h.BlockID
		if mined, err := b.isMined(store); mined || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// treesOf returns the transactions of a block.
func (f *Finder) treesOf(ctx context.Context, store *chain.Reader, h candidate, searched SearchedBlocks) (
	map[chainhash.Hash]int8, error,
) {
	if trees, ok := searched[h.BlockID]; ok {
		return trees, nil
	}
	msg, _, err := f.Blocks.Fetch(ctx, h.BlockID, &h.header, blocks.OnMain(store))
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
func (b *AlreadyMined) isMined(store *chain.Reader) (bool, error) {
	hash, err := store.Hash(b.Block.Height)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return false, nil
	case err != nil || hash != b.Block.Hash:
		return false, err
	}
	next, err := store.Header(b.Block.Height + 1)
	if errors.Is(err, chain.ErrNotFound) {
		return true, nil
	}
	return b.tree == wire.TxTreeStake || next.VoteBits()&1 != 0, err
}
