package method

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// sinceBlock answers listsinceblock.
func (c *Call) sinceBlock(ctx context.Context) (any, error) {
	target, err := c.count("targetconfirmations")
	if err != nil {
		return nil, err
	}
	var after chainhash.Hash
	if text := c.str("blockhash"); text != "" {
		p := param{name: "blockhash"}
		if after, err = p.parseHash(text); err != nil {
			return nil, err
		}
	}
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	store, err := c.Syncer.Chain()
	if err != nil {
		return nil, err
	}
	var since wallet.Since
	list := &Stream{Name: "transactions"}
	list.Each = func(yield func(any) bool) error {
		err := w.Since(ctx, after, target, store, func(s wallet.Since) { since = s }, func(tx *wallet.Transaction) bool { return lines(tx, yield) })
		if errors.Is(err, wallet.ErrNoBlock) {
			return c.notOnChain(after)
		}
		return err
	}
	list.Rest = func() (map[string]any, error) {
		removed := []any{}
		for _, tx := range since.Removed {
			removed = append(removed, removedLines(tx)...)
		}
		return map[string]any{"lastblock": since.Last.Hash.String(), "removed": removed}, nil
	}
	return list, nil
}

// removedLines returns the lines of a transaction that was taken back. One without any, because
// what it spends is gone too or what it pays is born later, has a line of nothing: a client that
// knows it by other lines hears of it all the same.
func removedLines(tx *wallet.Transaction) []any {
	var list []any
	lines(tx, func(line any) bool {
		list = append(list, line)
		return true
	})
	if len(list) == 0 {
		list = append(list, view.Line(tx, &wallet.Entry{Category: wallet.Receive}))
	}
	return list
}

// lines calls yield for the lines of a transaction, and reports whether more are wanted.
func lines(tx *wallet.Transaction, yield func(any) bool) bool {
	for _, e := range tx.Entries() {
		if !yield(view.Line(tx, &e)) {
			return false
		}
	}
	return true
}
