package consensus

import (
	"slices"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// CheckBlock checks that a block is the one of a known header: its header is
// the same byte for byte, and its transactions are those that the header
// commits to, in both trees. From DCP0005 on one merkle root covers both;
// before, each tree has its own.
//
// It is pure and may run on any goroutine. Every error is a [*RuleError].
func CheckBlock(p *Params, h *Header, b *wire.MsgBlock) error {
	if got := headerOf(&b.Header); got != *h {
		return NewRuleError(RuleBlockHeader, h, "got block %v", got.Hash())
	}
	regular, stake := leaves(b.Transactions), leaves(b.STransactions)
	if h.Height() == 0 {
		return checkGenesis(p, h, regular, stake)
	}
	merkle, stakeRoot := standalone.CalcMerkleRoot(regular), standalone.CalcMerkleRoot(stake)
	if h.Height() >= p.DCP0005 {
		merkle = standalone.CalcMerkleRoot([]chainhash.Hash{merkle, stakeRoot})
		stakeRoot = h.StakeRoot() // commits to filters, not to transactions
	}
	switch {
	case merkle != h.MerkleRoot():
		return NewRuleError(RuleMerkleRoot, h, "want root %v, got %v", h.MerkleRoot(), merkle)
	case stakeRoot != h.StakeRoot():
		return NewRuleError(RuleMerkleRoot, h, "want stake root %v, got %v", h.StakeRoot(), stakeRoot)
	}
	return checkNoCopies(h, regular, stake)
}

// checkGenesis checks the transactions of the genesis block. They are known,
// whereas its merkle root is none on the test network and of the time before
// DCP0005 everywhere.
func checkGenesis(p *Params, h *Header, regular, stake []chainhash.Hash) error {
	known := leaves(p.ChainParams.GenesisBlock.Transactions)
	if !slices.Equal(regular, known) || len(stake) != 0 {
		return NewRuleError(RuleMerkleRoot, h, "want transactions %v, got %v and %v", known, regular, stake)
	}
	return nil
}

// leaves returns the full hashes of transactions, witness included, which are
// the leaves of the merkle trees.
func leaves(txs []*wire.MsgTx) []chainhash.Hash {
	hashes := make([]chainhash.Hash, len(txs))
	for i, tx := range txs {
		hashes[i] = tx.TxHashFull()
	}
	return hashes
}

// checkNoCopies checks that no leaf is in its tree twice. A tree of an odd
// number of leaves has the same root when its end is repeated, and a block
// with such a copy is not the block.
func checkNoCopies(h *Header, trees ...[]chainhash.Hash) error {
	for _, tree := range trees {
		seen := make(map[chainhash.Hash]struct{}, len(tree))
		for _, leaf := range tree {
			if _, ok := seen[leaf]; ok {
				return NewRuleError(RuleMerkleRoot, h, "transaction %v is there twice", leaf)
			}
			seen[leaf] = struct{}{}
		}
	}
	return nil
}
