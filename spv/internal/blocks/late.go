package blocks

import (
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// ProveLate checks the payload of a block message that arrived after another peer had sent the
// block, as far as the store has its header on the main chain, and accuses the peer if that
// proves it wrong.
func (f *Fetcher) ProveLate(store *chain.Reader, from p2p.PeerID, hash chainhash.Hash, payload []byte) {
	_, err := defect.Contain(from, func() (struct{}, error) { return struct{}{}, f.checkLate(store, hash, payload) })
	var broken *consensus.RuleError
	switch {
	case err == nil, f.deps.Defects.Report(err), errors.As(err, &broken) && !broken.Rule.Proven():
		return
	}
	f.deps.Log.Debug("Late block is wrong", "peer", from, "err", err)
	f.deps.Peers.Accuse(from, err)
}

// checkLate returns what is wrong with a block, as far as its header is known.
func (f *Fetcher) checkLate(store *chain.Reader, hash chainhash.Hash, payload []byte) error {
	block, err := parse.Block(payload)
	if err != nil {
		return err
	}
	height, err := store.HeightOf(hash)
	if err != nil {
		return nil // not on the chain, or no longer to be read
	}
	header, err := store.Header(height)
	if err != nil || header.Hash() != hash {
		return nil
	}
	if err := consensus.CheckBlock(f.deps.Params, &header, block); err != nil {
		return err
	}
	return consensus.CheckTransactions(f.deps.Params, consensus.BlockID{Height: height, Hash: hash}, block)
}
