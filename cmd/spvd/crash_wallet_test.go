//go:build unix

package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

const (
	// rescanStep is the distance of the payments of the chain that is scanned, which is
	// several times as long as what is given to the wallet at once. Their addresses are
	// known from the beginning: what takes time is fetching the blocks.
	rescanStep = 50

	// rescanLatency is how long a byte takes to the daemon, rescanStart and rescanPerBlock
	// about how long a daemon takes to start and to scan a block over such a line.
	rescanLatency  = 5 * time.Millisecond
	rescanStart    = 200 * time.Millisecond
	rescanPerBlock = 20 * time.Microsecond
)

// payOften plans payments to the owner all over a chain.
func (o *owner) payOften() testnet.Plan {
	plan := testnet.Plan{}
	for h := consensus.Height(rescanStep); h <= consensus.Height(*killBlocks); h += rescanStep {
		plan.Pay(h, o.script(0, uint32(h/rescanStep)%15), 1e8)
	}
	return plan
}

// TestKillsDuringRescans begins another rescan, with a new wallet, whenever one
// outlives the kills.
func TestKillsDuringRescans(t *testing.T) {
	race.Skip(t)
	o := newOwner(t, 3)
	cfg := testnet.Config{Seed: 1, Blocks: *killBlocks, Plan: o.payOften()}
	v := newVictim(t, serveChain(t, 1, cfg, link.Shape{Latency: rescanLatency}), 0)
	v.finish(t)
	v.flags, v.scanned = []string{"--account=savings=" + o.xpub()}, 0
	rescans, win := 0, window{length: rescanStart + time.Duration(*killBlocks)*rescanPerBlock}
	for range *kills {
		v.killOne(t, &win, opened)
		v.assertNothingLost(t)
		scanned := v.assertWalletKept(t)
		switch {
		case scanned == consensus.Height(*killBlocks):
			win.note(late)
		case scanned == v.kept:
			win.note(early)
		default:
			win.note(within)
		}
		if v.kept = scanned; scanned != consensus.Height(*killBlocks) {
			continue
		}
		rescans++
		v.finish(t)
		assertPlan(t, v.ns.chain, v.dir, o)
		if err := os.RemoveAll(v.walletDir()); err != nil {
			t.Fatal(err)
		}
		v.scanned, v.kept = 0, 0
	}
	v.finish(t)
	assertPlan(t, v.ns.chain, v.dir, o)
	win.assertHit(t, "a rescan")
	if !t.Failed() {
		t.Logf("%d kills in %d rescans of %d blocks, %v: none lost", *kills, rescans+1, *killBlocks, &win)
	}
}

func (v *victim) walletDir() string { return filepath.Join(v.dir, "simnet", spvd.WalletDir) }

// assertWalletKept checks the books of the wallet that a killed daemon has left,
// and returns how far it has scanned.
func (v *victim) assertWalletKept(t *testing.T) consensus.Height {
	t.Helper()
	name := filepath.Join(v.walletDir(), "default.db")
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && v.scanned == 0 {
		return 0 // killed before there was one
	}
	w, err := wallet.Open(wallet.Config{Path: name, Params: consensus.SimNet(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	status := w.Status()
	if status.Scripts == 0 {
		if v.scanned > 0 {
			t.Errorf("the wallet is empty, but had scanned up to %d", v.scanned)
		}
		return 0 // killed before there was an account
	}
	if tip := status.Scanned; tip.Height < v.scanned || tip != v.ns.chain.ID(tip.Height) {
		t.Errorf("the wallet is at %v, acknowledged was %d", tip, v.scanned)
	}
	return status.Scanned.Height
}
