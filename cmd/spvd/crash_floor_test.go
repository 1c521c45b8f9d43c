//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// floorMargin is how many blocks before the first one that is searched filters are kept.
const floorMargin consensus.Height = 288

// floorPerBlock is about how long a daemon takes to fetch the filter of a block, or to read it from
// a snapshot, and to search it.
const floorPerBlock = 250 * time.Microsecond

// newestFloor is the floor of a daemon whose keys were never used.
func newestFloor() consensus.Height { return max(0, consensus.Height(*killBlocks)+1-floorMargin) }

// TestKillsDuringImports has a snapshot in a directory imported, with all filters and with those of
// the newest blocks; what it does not have comes from the network. It begins again with nothing
// whenever a sync outlives the kills.
func TestKillsDuringImports(t *testing.T) {
	ns := serveChain(t, 1, testnet.Config{Seed: 1, Blocks: *killBlocks}, link.Shape{Latency: rescanLatency})
	s, dir := snapshottest.New(ns.chain, (*killBlocks+1)/snapshot.BlocksOf(consensus.SimNet())), t.TempDir()
	s.Seal()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	imported := consensus.Height(len(s.Parts) * snapshot.BlocksOf(s.Params))
	for _, tc := range []struct {
		name            string
		lowest, highest consensus.Height // where the floor may be in the end
		flags           []string
	}{
		{"all filters", 0, 0, nil},
		{"the newest filters", max(0, imported-floorMargin), newestFloor(), []string{"--birthday=new"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			killSyncs(t, tc.lowest, func(seed uint64) *victim {
				v := newVictim(t, ns, seed)
				v.flags, v.highest = append(tc.flags, "--bootstrap="+dir), tc.highest
				return v
			})
		})
	}
}

// TestKillsDuringBackfills imports a key that is older than the filters: those that are missing are
// fetched, and it is searched for in them. It begins again, with the store as it was and with
// another birthday, whenever that outlives the kills.
func TestKillsDuringBackfills(t *testing.T) {
	o := newOwner(t, 3)
	cfg := testnet.Config{Seed: 1, Blocks: *killBlocks, Plan: o.payOften()}
	v := newVictim(t, serveChain(t, 1, cfg, link.Shape{Latency: rescanLatency}), 0)
	v.flags = []string{"--birthday=new"}
	v.highest = newestFloor()
	if state := v.finish(t); state.Floor != v.highest {
		t.Fatalf("the floor of the filters is %d, want %d", state.Floor, v.highest)
	}
	store := filepath.Join(v.dir, "simnet", spvd.ChainFile)
	raised, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	var born, wanted consensus.Height
	renew := func() {
		born = consensus.Height(v.r.IntN(*killBlocks / 2))
		v.flags = []string{fmt.Sprint("--birthday=", born), "--account=savings=" + o.xpub()}
		wanted, v.filters, v.scanned, v.kept = max(0, born-floorMargin), 0, 0, 0
	}
	end := func() {
		t.Helper()
		if state := v.finish(t); state.Floor > wanted {
			t.Errorf("the floor of the filters is %d, want %d at most", state.Floor, wanted)
		}
		assertPlanSince(t, v.ns.chain, v.dir, o, born)
	}
	renew()
	gaps, backfills := 0, 1
	for range *kills {
		v.killOne(t, rescanStart+time.Duration(*killBlocks)*floorPerBlock)
		state := v.assertNothingLost(t)
		v.kept = v.assertWalletKept(t)
		switch n := filtersIn(&state); {
		case n < v.filters:
			t.Errorf("there are %d filters, acknowledged were %d", n, v.filters)
		case state.Floor > wanted && state.Floor != v.highest, state.NewestFilter() != state.Tip:
			t.Errorf("a late import left %+v, want the floor at %d or up to %d, and the newest filters", state, v.highest, wanted)
		}
		if state.Above.Any() {
			gaps++
		}
		if state.Floor > wanted || state.Above.Any() || v.kept != consensus.Height(*killBlocks) {
			continue
		}
		end()
		backfills++
		if err := os.RemoveAll(v.walletDir()); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(store + "-wal")
		if err := os.WriteFile(store, raised, 0o600); err != nil {
			t.Fatal(err)
		}
		renew()
	}
	end()
	if !t.Failed() {
		t.Logf("%d kills in %d late imports into a store of %d blocks, %d with a gap in the filters: none lost", *kills, backfills, *killBlocks, gaps)
	}
}

// TestKillsDuringPruning has the filters deleted that a wallet was searched for in. Whenever that
// outlives the kills it begins with a new wallet, for which the deleted filters are fetched again.
func TestKillsDuringPruning(t *testing.T) {
	o := newOwner(t, 3)
	cfg := testnet.Config{Seed: 1, Blocks: *killBlocks, Plan: o.payOften()}
	v := newVictim(t, serveChain(t, 1, cfg, link.Shape{Latency: rescanLatency}), 0)
	v.flags = []string{"--prune", "--account=savings=" + o.xpub()}
	v.highest = max(0, consensus.Height(*killBlocks)+1-spv.PruneDepth)
	lives, partial := 1, 0
	var floor consensus.Height
	for range *kills {
		v.killOne(t, rescanStart+time.Duration(*killBlocks)*floorPerBlock)
		state := v.assertNothingLost(t)
		v.kept = v.assertWalletKept(t)
		if state.Floor > floor && v.kept < state.Floor-1 {
			t.Errorf("filters below %d are deleted, the wallet is at %d", state.Floor, v.kept)
		}
		if floor = state.Floor; floor != v.highest || v.kept != consensus.Height(*killBlocks) {
			if state.Tip.Height > 0 {
				partial++
			}
			continue
		}
		v.finish(t)
		assertPlan(t, v.ns.chain, v.dir, o)
		if err := os.RemoveAll(v.walletDir()); err != nil {
			t.Fatal(err)
		}
		lives++
		v.scanned, v.kept = 0, 0
	}
	v.finish(t)
	assertPlan(t, v.ns.chain, v.dir, o)
	if !t.Failed() {
		t.Logf("%d kills while filters of %d blocks were deleted, and fetched again, for %d wallets, %d before all were searched and deleted: none lost",
			*kills, *killBlocks, lives, partial)
	}
}
