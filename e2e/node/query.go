package node

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Tip is the newest block of a node's main chain.
type Tip struct {
	Hash   chainhash.Hash
	Height int64
}

// Call calls an RPC method with positional parameters. A result of nil discards
// the answer.
func (n *Node) Call(ctx context.Context, method string, result any, params ...any) error {
	if err := n.ctl.Call(ctx, method, result, params...); err != nil {
		return fmt.Errorf("node %s: %w", method, err)
	}
	return nil
}

// Best returns the node's tip.
func (n *Node) Best(ctx context.Context) (Tip, error) {
	var r struct {
		Hash   string `json:"hash"`
		Height int64  `json:"height"`
	}
	if err := n.Call(ctx, "getbestblock", &r); err != nil {
		return Tip{}, err
	}
	hash, err := parseHash(r.Hash)
	return Tip{Hash: hash, Height: r.Height}, err
}

// Hash returns the hash of a block on the main chain.
func (n *Node) Hash(ctx context.Context, height int64) (chainhash.Hash, error) {
	var text string
	if err := n.Call(ctx, "getblockhash", &text, height); err != nil {
		return chainhash.Hash{}, err
	}
	return parseHash(text)
}

// Block returns a block.
func (n *Node) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	var text string
	if err := n.Call(ctx, "getblock", &text, hash.String(), false); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("node block %v: %w", hash, err)
	}
	block := new(wire.MsgBlock)
	if err := block.FromBytes(raw); err != nil {
		return nil, fmt.Errorf("node block %v: %w", hash, err)
	}
	return block, nil
}

// Filter returns a block's version 2 committed filter.
func (n *Node) Filter(ctx context.Context, hash chainhash.Hash) ([]byte, error) {
	var r struct {
		Data string `json:"data"`
	}
	if err := n.Call(ctx, "getcfilterv2", &r, hash.String()); err != nil {
		return nil, err
	}
	filter, err := hex.DecodeString(r.Data)
	if err != nil {
		return nil, fmt.Errorf("node filter %v: %w", hash, err)
	}
	return filter, nil
}

// parseHash reads a hash as RPC shows it.
func parseHash(text string) (chainhash.Hash, error) {
	var hash chainhash.Hash
	if err := chainhash.Decode(&hash, text); err != nil {
		return hash, fmt.Errorf("node hash %q: %w", text, err)
	}
	return hash, nil
}
