package votecheck_test

import (
	"context"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/wallet"
)

// votesNeeded is how many verified votes the merchant of the example waits for: more than
// half of the tickets that are drawn for a block.
const votesNeeded = 3

// paid is what a merchant's program does with the Go API: it returns nil once so many verified
// votes as are needed approve of the block of a payment, wherever reorganisations put it
// meanwhile, or the cause of the end of ctx.
func paid(ctx context.Context, wallets *wallet.Set, checker *votecheck.Checker, tx chainhash.Hash) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	voted, changed := checker.Watch(ctx), wallets.Watch(ctx)
	for {
		block, _, _, err := wallets.MinedIn(ctx, wallet.DefaultName, tx)
		if err != nil {
			return err
		}
		if v, ok := checker.Votes(block); ok && v.Verified >= votesNeeded {
			return nil
		}
		select {
		case <-voted:
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// TestMerchant has a merchant wait for three votes: they are there with the block after the
// payment, and not while that block is withheld.
func TestMerchant(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 2, plan)
	next := grow(c, 1, plan)
	inWorld(t, c, func(w *world) {
		w.at(c)
		w.holder.hold(next.Tip().Hash, true)
		w.become(next)
		w.at(next)
		ctx, cancel := context.WithTimeout(w.Context(), 30*time.Minute)
		defer cancel()
		if err := paid(ctx, w.wallets, w.checker, tx); err == nil {
			t.Fatal("the merchant delivers without a vote")
		}
		w.holder.hold(next.Tip().Hash, false)
		began := time.Now()
		w.must(paid(w.Context(), w.wallets, w.checker, tx))
		if took := time.Since(began); took > time.Hour {
			t.Errorf("the merchant delivers after %v", took)
		}
	})
}
