package rpc_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
)

// TestRescansHoldUpNoCall waits for as many rescans as there are processors, which no peer lets
// go on, and reads a balance meanwhile.
func TestRescansHoldUpNoCall(t *testing.T) {
	owner := rpctest.NewOwner(t, 1)
	plan := testnet.Plan{}
	plan.Pay(20, owner.Script(0, 0), 1e8)
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 30, Plan: plan, Xpub: owner.Xpub()})
	cfg := rpctest.Config(d.Registry)
	cfg.Limits.CallTime = 10 * time.Second
	address, _ := rpctest.Start(t, cfg)
	d.Hold()
	var rescans sync.WaitGroup
	defer rescans.Wait()
	defer d.Release()
	var ended atomic.Int64
	n := runtime.GOMAXPROCS(0)
	for range n {
		rescans.Go(func() {
			post(t, address, `{"method":"rescanwallet","params":[0],"id":1}`)
			ended.Add(1)
		})
	}
	for st := range d.Core.Syncer.Changes(t.Context(), 0) { // until the rescans have begun
		if !st.Synced {
			break
		}
	}
	if _, reply := post(t, address, `{"method":"getbalance","params":[],"id":1}`); !strings.Contains(reply, `"error":null`) {
		t.Errorf("a balance during a rescan: %.200s", reply)
	}
	if got := ended.Load(); got > 0 {
		t.Errorf("the balance came after %d of %d rescans", got, n)
	}
}
