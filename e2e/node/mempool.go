package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/decred/dcrd/wire"
)

// caller calls an RPC method of a node with positional parameters.
type caller func(ctx context.Context, method string, result any, params ...any) error

// Mempool returns the transactions of the node's mempool, without those that leave it meanwhile, as
// votes do that have become useless.
func (n *Node) Mempool(ctx context.Context) ([]*wire.MsgTx, error) { return mempool(ctx, n.Call) }

func mempool(ctx context.Context, call caller) ([]*wire.MsgTx, error) {
	ids, err := mempoolIDs(ctx, call)
	if err != nil {
		return nil, err
	}
	list := make([]*wire.MsgTx, 0, len(ids))
	for _, id := range ids {
		var text string
		if err := call(ctx, "getrawtransaction", &text, id); err != nil {
			if now, err2 := mempoolIDs(ctx, call); err2 == nil && !slices.Contains(now, id) {
				continue
			}
			return nil, err
		}
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("node transaction %s: %w", id, err)
		}
		tx := new(wire.MsgTx)
		if err := tx.FromBytes(raw); err != nil {
			return nil, fmt.Errorf("node transaction %s: %w", id, err)
		}
		list = append(list, tx)
	}
	return list, nil
}

func mempoolIDs(ctx context.Context, call caller) (ids []string, err error) {
	err = call(ctx, "getrawmempool", &ids)
	return ids, err
}
