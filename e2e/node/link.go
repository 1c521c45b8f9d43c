package node

import (
	"context"
	"fmt"
	"time"
)

// pollEvery is the pace at which conditions are asked for that a node does not
// report by itself.
const pollEvery = 20 * time.Millisecond

// Link connects the node to another one and waits until they know each other.
func (n *Node) Link(ctx context.Context, other *Node) error {
	if err := n.Call(ctx, "node", nil, "connect", other.Addr(), "temp"); err != nil {
		return err
	}
	return n.until(ctx, func(ctx context.Context) (bool, error) { return n.linked(ctx, other) })
}

// Unlink ends the connection to another node that Link made and waits until it
// is gone.
func (n *Node) Unlink(ctx context.Context, other *Node) error {
	if err := n.Call(ctx, "node", nil, "disconnect", other.Addr()); err != nil {
		return err
	}
	return n.until(ctx, func(ctx context.Context) (bool, error) {
		is, err := n.linked(ctx, other)
		return !is, err
	})
}

// Reach waits until the node's tip is the given block.
func (n *Node) Reach(ctx context.Context, tip Tip) error {
	err := n.until(ctx, func(ctx context.Context) (bool, error) {
		best, err := n.Best(ctx)
		return best == tip, err
	})
	if err != nil {
		return fmt.Errorf("node to reach %v at height %d: %w", tip.Hash, tip.Height, err)
	}
	return nil
}

// linked reports whether the node lists the other one as a peer.
func (n *Node) linked(ctx context.Context, other *Node) (bool, error) {
	var peers []struct {
		Addr    string `json:"addr"`
		Version uint32 `json:"version"`
	}
	if err := n.Call(ctx, "getpeerinfo", &peers); err != nil {
		return false, err
	}
	for _, p := range peers {
		if p.Addr == other.Addr() && p.Version > 0 {
			return true, nil
		}
	}
	return false, nil
}

// until polls a condition of the node.
func (n *Node) until(ctx context.Context, holds func(context.Context) (bool, error)) error {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		ok, err := holds(ctx)
		if err != nil || ok {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
