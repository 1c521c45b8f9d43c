package dcrwallet

import (
	"context"
	"sync"

	"decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/lru"
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

var (
	_ spv.Wallet   = (*books)(nil)
	_ spv.Importer = (*books)(nil)
)

// seenTxs is how many transactions of the wallet are remembered that peers have relayed.
const seenTxs = 2000

// books show the wallet to the engine: how far it is scanned, so that the engine's status
// counts it, and its unmined transactions. The engine scans nothing for it; the feed does.
type books struct {
	session *session
	poke    chan struct{} // capacity one
	seen    lru.Cache[chainhash.Hash]

	mu        sync.Mutex
	at        consensus.BlockID // with the zero hash while blocks up to the wallet's tip are not scanned
	listening bool              // unmined transactions are taken
	imports   uint64
}

func newBooks(r *session) *books {
	return &books{session: r, poke: make(chan struct{}, 1), seen: lru.NewCache[chainhash.Hash](seenTxs)}
}

// reached records how far the wallet is scanned.
func (b *books) reached(at consensus.BlockID) {
	b.mu.Lock()
	b.at = at
	b.mu.Unlock()
	b.changed()
}

// listen has unmined transactions taken from now on. Peers are asked for all that wait for
// a block.
func (b *books) listen() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listening = true
	b.imports++
}

// changed has the engine read the books again.
func (b *books) changed() {
	select {
	case b.poke <- struct{}{}:
	default:
	}
}

// Changed is poked when the wallet has moved, or may publish other transactions.
func (b *books) Changed() <-chan struct{} { return b.poke }

// Imports returns how often the wallet has come to watch more.
func (b *books) Imports() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.imports
}

// Scanned returns how far the wallet is scanned.
func (b *books) Scanned() (at consensus.BlockID, watching bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at, true
}

// Locator returns no blocks: the feed scans.
func (b *books) Locator() []consensus.BlockID { return nil }

// Scripts returns no scripts: the feed scans.
func (b *books) Scripts() (scripts [][]byte, revision uint64) { return nil, 0 }

// Apply does nothing: the engine has no step to apply without a locator.
func (b *books) Apply(context.Context, chain.Update) (grown bool, err error) { return false, nil }

// Unsearched returns the scripts of the outputs of a transaction that the wallet should know,
// and the last block that it was scanned for. It returns none while the wallet is being
// rescanned: peers are asked again after that.
func (b *books) Unsearched(ctx context.Context, tx *wire.MsgTx, _ consensus.Height) (scripts [][]byte, last consensus.BlockID, err error) {
	b.mu.Lock()
	at, listening := b.at, b.listening
	b.mu.Unlock()
	if !listening || !b.session.syncer.watch.concerns(tx) && !b.session.validTreasurySpend(ctx, tx) {
		return nil, consensus.BlockID{}, nil
	}
	for _, out := range tx.TxOut {
		scripts = append(scripts, out.PkScript)
		if len(out.PkScript) > 0 && stakeTag(out.PkScript[0]) {
			scripts = append(scripts, out.PkScript[1:]) // the form that filters hold
		}
	}
	return scripts, at, nil
}

// stakeTag reports whether an opcode marks an output of a stake transaction.
func stakeTag(opcode byte) bool { return opcode >= txscript.OP_SSTX && opcode <= txscript.OP_TGEN }

// Heard adds a transaction that a peer has relayed to the wallet if it concerns the wallet.
// One that the wallet refuses, as a double spend, is logged and not kept.
func (b *books) Heard(ctx context.Context, tx *wire.MsgTx, _ string, _ bool) (kept, refused bool, err error) {
	w := b.session.wallet
	if b.session.validTreasurySpend(ctx, tx) {
		if err := w.AddTSpend(*tx); err != nil {
			b.session.cfg.Log.Debug("Treasury spend not added", "tx", tx.TxHash(), "err", err)
		}
	}
	hash := tx.TxHash()
	switch {
	case b.seen.Contains(hash):
		return true, false, nil
	case !b.session.syncer.watch.concerns(tx):
		return false, false, nil
	case w.ManualTickets() && stake.IsSStx(tx):
		return false, false, nil
	}
	if err := w.AddTransaction(ctx, tx, nil); err != nil {
		b.session.cfg.Log.Warn("Transaction not added", "tx", hash, "err", err)
		return false, false, nil
	}
	b.seen.Add(hash)
	b.session.notify.mempool(tx)
	return true, false, nil
}

// Publish returns that the wallet does not keep the transaction, because it may not have
// stored it yet. Published returns it as soon as it has.
func (b *books) Publish(context.Context, *wire.MsgTx) (own bool, err error) { return false, nil }

// Published returns the unmined transactions that spend from the wallet, parents before
// children. Payments to the wallet are left to those that pay: offering them would show peers
// which addresses are the wallet's.
func (b *books) Published(ctx context.Context) ([]*wire.MsgTx, error) {
	w := b.session.wallet
	txs, err := w.UnminedTransactions(ctx)
	if err != nil {
		return nil, err
	}
	own := txs[:0]
	for _, tx := range txs {
		hash := tx.TxHash()
		switch summary, _, _, err := w.TransactionSummary(ctx, &hash); {
		case errors.Is(err, errors.NotExist): // dropped meanwhile
		case err != nil:
			return nil, err
		case len(summary.MyInputs) > 0:
			own = append(own, tx)
		}
	}
	return own, nil
}

// MinedAt returns the height of the block that holds a transaction of the wallet.
func (b *books) MinedAt(ctx context.Context, hash chainhash.Hash) (h consensus.Height, ok bool, err error) {
	w := b.session.wallet
	_, _, block, err := w.TransactionSummary(ctx, &hash)
	switch {
	case errors.Is(err, errors.NotExist):
		return 0, false, nil
	case err != nil || block == nil:
		return 0, false, err
	}
	header, err := w.BlockHeader(ctx, block)
	if err != nil {
		return 0, false, err
	}
	return consensus.Height(header.Height), true, nil
}
