package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// TestTipIsFollowedWhileARescanRuns extends the chain while old blocks are fetched
// over a slow line: the wallet takes the new one in long before the rescan is
// over, and is where it was when the rescan is canceled.
func TestTipIsFollowedWhileARescanRuns(t *testing.T) {
	const (
		length  = 4000
		every   = 2 // a payment in as many blocks, which has to be fetched
		latency = 100 * time.Millisecond
	)
	o, plan := newOwner(t, 4), testnet.Plan{}
	for h := consensus.Height(every); h <= length; h += every {
		plan.Pay(h, o.script(0, uint32(h/every)%15), 1e8)
	}
	ns := serveChain(t, 1, testnet.Config{Seed: 1, Blocks: length, Plan: plan}, link.Shape{Latency: latency})
	_, c := ns.startSynced(t, t.TempDir(), "--account=default="+o.xpub())
	c.assertSpendable(t, length/every*1e8)
	var j api.Job
	c.mustCall(t, "rescanwallet", "[1,true]", &j)
	ns.all[0].Extend(1)
	var info api.WalletInfo
	for info.Height < length+1 {
		if t.Context().Err() != nil {
			t.Fatal("the new block did not come")
		}
		c.mustCall(t, "walletinfo", "[]", &info)
	}
	if c.mustCall(t, "getjob", fmt.Sprintf("[%d]", j.ID), &j); j.State != api.JobRunning || info.Scanned >= info.Height {
		t.Fatalf("the wallet is at %d when the rescan is over: %+v", info.Height, j)
	}
	var status api.SyncStatus
	if c.mustCall(t, "syncstatus", "[]", &status); status.Synced || status.Ratio == 1 {
		t.Errorf("synced while old blocks are searched: %+v", status)
	}
	var nothing any
	c.mustCall(t, "canceljob", fmt.Sprintf("[%d]", j.ID), &nothing)
	c.mustCall(t, "walletinfo", "[]", &info)
	if c.mustCall(t, "getjob", fmt.Sprintf("[%d]", j.ID), &j); j.State != api.JobCanceled || info.Scanned != length+1 {
		t.Errorf("canceled: %+v, with the wallet at %d of %d", j, info.Scanned, info.Height)
	}
	c.assertSpendable(t, length/every*1e8)
}
