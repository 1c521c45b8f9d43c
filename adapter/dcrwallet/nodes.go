package dcrwallet

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// decodeHeader returns a header in the wallet's form.
func decodeHeader(h *consensus.Header) (*wire.BlockHeader, error) {
	header := new(wire.BlockHeader)
	if err := header.Deserialize(bytes.NewReader(h[:])); err != nil {
		return nil, fmt.Errorf("decode header: %w", err)
	}
	return header, nil
}

// decodeFilter returns a committed filter in the wallet's form. The bytes are kept.
func decodeFilter(filter []byte) (*gcs.FilterV2, error) {
	return gcs.FromBytesV2(blockcf2.B, blockcf2.M, filter)
}

// readNodes returns the blocks of the main chain from one height to another, both
// included, in the form in which the wallet takes them. The error is chain.ErrStale or
// chain.ErrNotFound if the chain was reorganised meanwhile.
func readNodes(store *chain.Reader, from, to consensus.Height) ([]*wallet.BlockNode, error) {
	nodes := make([]*wallet.BlockNode, 0, to-from+1)
	err := store.Scan(from, to, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		header, err := decodeHeader(h)
		if err != nil {
			return err
		}
		f, err := decodeFilter(slices.Clone(filter))
		if err != nil {
			return fmt.Errorf("decode filter of block %v: %w", id.Hash, err)
		}
		hash := id.Hash
		nodes = append(nodes, wallet.NewBlockNode(header, &hash, f, nil))
		return nil
	})
	return nodes, err
}

// workOf returns the work of blocks.
func workOf(nodes []*wallet.BlockNode) *big.Int {
	sum := new(big.Int)
	for _, n := range nodes {
		sum.Add(sum, standalone.CalcWork(n.Header.Bits))
	}
	return sum
}
