package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv"
)

// TestCallTime asks for a block that the only peer does not send.
func TestCallTime(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 2})
	cfg := rpctest.Config(d.Registry)
	cfg.Limits.CallTime = 50 * time.Millisecond
	address, _ := rpctest.Start(t, cfg)
	d.Hold()
	_, reply := post(t, address, fmt.Sprintf(`{"method":"getblock","params":[%q],"id":1}`, d.Node.Chain().ID(1).Hash))
	if want := `"error":{"code":-1,"message":"no peer has sent block`; !strings.Contains(reply, want) {
		t.Errorf("got %s, want %s", reply, want)
	}
}

// TestWithoutPeers publishes and asks for a block while no peer is connected.
func TestWithoutPeers(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Unreachable: true})
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	if err := d.Core.Syncer.Wait(t.Context(), func(st spv.Status) bool { return st.Initialised }); err != nil {
		t.Fatal(err)
	}
	genesis := d.Node.Chain().ID(0).Hash
	const tx = "0100000001000000000000000000000000000000000000000000000000000000000000002a0000000000ffffffff014059730700000000000001510000000000000000015080730700000000000000000000000000"
	for method, params := range map[string]string{"getblock": genesis.String(), "sendrawtransaction": tx} {
		_, reply := post(t, address, fmt.Sprintf(`{"method":%q,"params":[%q],"id":1}`, method, params))
		if !strings.Contains(reply, `"error":{"code":-9,"message":"no peer is connected to ask; run: spvctl status"}`) {
			t.Errorf("%s: %s", method, reply)
		}
	}
}

// TestTransactionsThatAreNone are refused with the code for bad hex.
func TestTransactionsThatAreNone(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	for params, want := range map[string]string{`"zz"`: `"code":-22`, `"0100"`: `"code":-22`, `7`: `"code":-32602`} {
		if _, got := post(t, address, `{"method":"sendrawtransaction","params":[`+params+`],"id":1}`); !strings.Contains(got, want) {
			t.Errorf("%s gave %s, want %s", params, got, want)
		}
	}
}
