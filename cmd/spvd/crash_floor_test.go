//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// floorMargin is how many blocks before the first one that is searched filters are kept.
const floorMargin consensus.Height = 288

// floorPerBlock is about how long a daemon takes to fetch the filter of a block, or to read it from
// a snapshot, and to search it.
const floorPerBlock = 250 * time.Microsecond

// fetchesOlder is what a daemon logs when it has lowered the floor.
const fetchesOlder = "Fetching the filters of older blocks"

// newestFloor is the floor of a daemon whose keys were never used.
func newestFloor() consensus.Height { return max(0, consensus.Height(*killBlocks)+1-floorMargin) }

// TestKillsDuringImports has a snapshot in a directory imported, with all filters and with those of
// the newest blocks; what it does not have comes from the network. It begins again with nothing
// whenever a sync outlives the kills.
func TestKillsDuringImports(t *testing.T) {
	race.Skip(t)
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
	race.Skip(t)
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
	gaps, backfills, win := 0, 1, window{length: rescanStart + time.Duration(*killBlocks)*floorPerBlock}
	before, logged := v.highest+consensus.Height(*killBlocks), fetchesOlder
	for range *kills {
		kept := v.kept
		v.killOne(t, &win, logged)
		state := v.assertNothingLost(t)
		v.kept = v.assertWalletKept(t)
		switch n := filtersIn(&state); {
		case n < v.filters:
			t.Errorf("there are %d filters, acknowledged were %d", n, v.filters)
		case state.Floor != wanted && state.Floor != v.highest, state.NewestFilter() != state.Tip:
			t.Errorf("a late import left %+v, want the floor at %d or %d, and the newest filters", state, v.highest, wanted)
		}
		if state.Above.Any() {
			gaps++
		}
		done := state.Floor == wanted && !state.Above.Any() && v.kept == consensus.Height(*killBlocks)
		switch now := state.Floor + state.Filters.Height; {
		case done:
			win.note(late)
		case now == before && v.kept == kept:
			win.note(early)
		default:
			win.note(within)
			before, logged = now, opened
		}
		if !done {
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
		before, logged = v.highest+consensus.Height(*killBlocks), fetchesOlder
	}
	end()
	win.assertHit(t, "a late import")
	if !t.Failed() {
		t.Logf("%d kills in %d late imports into a store of %d blocks, %v, %d with a gap in the filters: none lost",
			*kills, backfills, *killBlocks, &win, gaps)
	}
}

// TestKillsDuringPruning has the filters deleted that a wallet was searched for in. Whenever that
// outlives the kills it begins with a new wallet, for which the deleted filters are fetched again.
func TestKillsDuringPruning(t *testing.T) {
	race.Skip(t)
	o := newOwner(t, 3)
	cfg := testnet.Config{Seed: 1, Blocks: *killBlocks, Plan: o.payOften()}
	v := newVictim(t, serveChain(t, 1, cfg, link.Shape{Latency: rescanLatency}), 0)
	v.flags = []string{"--prune", "--account=savings=" + o.xpub()}
	v.highest = max(0, consensus.Height(*killBlocks)+1-spv.PruneDepth)
	full := consensus.Height(*killBlocks)
	life := window{length: rescanStart + time.Duration(*killBlocks)*floorPerBlock}
	deletion := window{length: rescanStart}
	lives, leftovers := 1, 0
	var before chain.State
	for range *kills {
		win, logged, kept := &life, opened, v.kept
		if before.Floor == v.highest { // the wallet is new
			logged = fetchesOlder
		}
		if v.r.IntN(2) == 0 { // the deletion is over in a moment, so half of the kills wait for it
			win, logged = &deletion, "Deleting filters that are not needed any longer"
		}
		p := v.start(t)
		if win == &deletion || v.r.IntN(2) == 0 {
			p.await(t, logged)
		}
		v.killWithin(t, p, win.length, func() {})
		state := v.assertNothingLost(t)
		v.kept = v.assertWalletKept(t)
		if state.Floor > before.Floor && v.kept < state.Floor-1 {
			t.Errorf("filters below %d are deleted, the wallet is at %d", state.Floor, v.kept)
		}
		if v.leftover {
			leftovers++
		}
		done := state.Floor == v.highest && v.kept == full && !state.Above.Any()
		switch {
		case done && !v.leftover:
			win.note(late)
		case state == before && v.kept == kept, win == &deletion && !done:
			win.note(early)
		default:
			win.note(within)
		}
		if before = state; !done {
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
	life.assertHit(t, "a life with pruning")
	deletion.assertHit(t, "the deletion of filters")
	if !t.Failed() {
		t.Logf("%d kills while filters of %d blocks were fetched, searched and deleted, for %d wallets: %v; after the beginning of a deletion: %v; "+
			"%d left filters to delete: none lost", *kills, *killBlocks, lives, &life, &deletion, leftovers)
	}
}

// TestKillsDuringCompaction kills the program while it makes a copy of a store: the store is as it was
// to the byte, or the copy of it that is proven, and the next start or the next compaction removes
// what is left beside it.
func TestKillsDuringCompaction(t *testing.T) {
	race.Skip(t)
	v := newVictim(t, serveChain(t, 1, testnet.Config{Seed: 1, Blocks: *killBlocks}, link.Shape{}), 0)
	tip := v.finish(t).Tip
	store := filepath.Join(v.dir, "simnet", spvd.ChainFile)
	original, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	compact := func() *process { return startProcess(t, "--compact", "--appdata", v.dir) }
	began := time.Now()
	if p := compact(); p.wait() != nil {
		t.Fatalf("the compaction ended with %v: %s", p.exit, p.err)
	}
	compacted, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}
	win := window{length: time.Since(began)}
	for n := range *kills {
		if err := os.WriteFile(store, original, 0o600); err != nil {
			t.Fatal(err)
		}
		p := compact()
		timer := time.AfterFunc(time.Duration(v.r.Int64N(int64(win.length))), func() { _ = p.cmd.Process.Kill() })
		<-p.ended
		timer.Stop()
		now, err := os.ReadFile(store)
		if err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(store + ".compact")
		switch same := slices.Equal(now, original); {
		case err == nil && same:
			win.note(within)
		case same:
			win.note(early)
		default:
			win.note(late)
			if int64(len(now)) != compacted.Size() {
				t.Errorf("the store has %d bytes, want %d or %d", len(now), len(original), compacted.Size())
			}
		}
		if state := v.assertNothingLost(t); state.Tip != tip || state.Filters != tip {
			t.Errorf("the store is at %+v, want %v", state, tip)
		}
		if err != nil {
			continue
		}
		if n%2 == 0 {
			v.finish(t)
		} else if p := compact(); p.wait() != nil {
			t.Errorf("the next compaction ended with %v: %s", p.exit, p.err)
		}
		if _, err := os.Stat(store + ".compact"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what a killed compaction has left stays: %v", err)
		}
	}
	win.assertHit(t, "a compaction")
	if !t.Failed() {
		t.Logf("%d kills of compactions of %d blocks, %v: none lost", *kills, *killBlocks, &win)
	}
}
