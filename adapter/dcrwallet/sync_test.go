package dcrwallet_test

import (
	"testing"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// income plans payments to a wallet and from it: on both branches, up to the end of the gap
// of unused addresses, in one block and in many.
func income(t *testing.T, script func(branch, index uint32) []byte) testnet.Plan {
	t.Helper()
	plan := testnet.Plan{}
	first := plan.Pay(100, script(0, 0), 5e8)
	plan.Pay(100, script(0, 19), 1e8)
	second := plan.Pay(900, script(0, 38), 7e8)
	plan.Pay(901, script(0, 38), 3e8)
	plan.Spend(1500, first, script(1, 0), 4e8)
	change := plan.Spend(2100, second, script(1, 15), 6e8)
	plan.Spend(2101, change, script(1, 34), 5e8)
	return plan
}

// TestSameAsReference compares a wallet on the adapter with one of the same seed on the
// wallet's own syncer: after the first sync, after new blocks, and after reorganisations.
func TestSameAsReference(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(1))
	script := func(branch, index uint32) []byte { return scriptOf(t, keys, branch, index) }
	town := newTown(t, 2500, income(t, script))
	ours, theirs := town.runAdapter(t, dir+"/ours", seedOf(1)), town.runReference(t, dir+"/theirs", seedOf(1))
	ours.awaitSynced(t, 1)
	theirs.awaitSynced(t, 1)
	want := theirs.summary(t)
	if len(want.History) != 7 || !want.Scanned {
		t.Fatalf("the reference has not found all transactions: %+v", want)
	}
	compare(t, "first sync", ours.summary(t), want)

	grow := func(when string, at consensus.Height, blocks int, seed uint64, pay func(testnet.Plan)) {
		t.Helper()
		plan := testnet.Plan{}
		pay(plan)
		c := town.node.Chain().Grow(testnet.Branch{At: at, Blocks: blocks, Seed: seed, Plan: plan})
		town.node.SetChain(c)
		ours.awaitTip(t, c)
		theirs.awaitTip(t, c)
		compare(t, when, ours.summary(t), theirs.summary(t))
	}
	grow("a block", 2500, 1, 2, func(p testnet.Plan) { p.Pay(2501, script(0, 40), 2e8) })
	grow("a reorganisation", 2498, 5, 3, func(p testnet.Plan) { p.Pay(2500, script(0, 41), 9e8) })
	grow("the payment on the other branch", 2503, 1, 4, func(p testnet.Plan) { p.Pay(2504, script(0, 42), 1e8) })
	grow("a reorganisation that takes it back", 2500, 6, 5, func(testnet.Plan) {})
	grow("a deep reorganisation", 2470, 60, 6, func(p testnet.Plan) { p.Pay(2480, script(1, 36), 1e8) })
}

// TestAddressesOfOneBlock: a block pays to addresses that the wallet watches only because of
// others that the same block pays to.
func TestAddressesOfOneBlock(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(13))
	plan := testnet.Plan{}
	plan.Pay(10, scriptOf(t, keys, 0, 0), 1e8)
	town := newTown(t, 20, plan)
	r := town.runAdapter(t, dir, seedOf(13))
	r.awaitSynced(t, 1)
	plan = testnet.Plan{}
	for i, index := range []uint32{57, 38, 19} {
		plan.Pay(21, scriptOf(t, keys, 0, index), int64(i+1)*1e8)
	}
	c := town.node.Chain().Grow(testnet.Branch{At: 20, Blocks: 1, Seed: 2, Plan: plan})
	town.node.SetChain(c)
	const tip = "tip 21, 0 reverted, 3 transactions"
	r.await(t, tip, func() bool { return r.count(tip) == 1 })
	if s := r.summary(t); s.Accounts[0].Balances.Spendable != 7e8 || s.Accounts[0].UsedExternal != 57 {
		t.Errorf("the wallet holds %+v", s.Accounts[0])
	}
}
