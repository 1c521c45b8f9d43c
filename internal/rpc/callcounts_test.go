package rpc_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestCallsAreCounted: by POST and websocket, in a batch and alone, and what is no call as one
// method, whatever clients call it.
func TestCallsAreCounted(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 20}).Registry)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listeners = []net.Listener{l}
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(running.Wait)
	address := l.Addr().String()
	post(t, address, `{"method":"getblockcount","params":[],"id":1}`)
	post(t, address, `[{"method":"getblockcount","id":1},{"method":"getblockhash","params":[-1],"id":2},{"method":"nonsense","id":3},7]`)
	exchange(t, mustDialWS(t, address), `{"jsonrpc":"2.0","method":"getblockcount","params":[],"id":1}`)
	post(t, address, strings.Repeat("x", 10))
	want := map[string][2]uint64{"getblockcount": {3, 0}, "getblockhash": {1, 1}, "invalid": {3, 3}}
	list := s.Calls()
	for _, m := range list {
		if want[m.Method] != [2]uint64{m.Calls, m.Errors} || m.Seconds <= 0 || m.Seconds > patience.Seconds() {
			t.Errorf("%+v", m)
		}
	}
	if len(list) != len(want) {
		t.Errorf("%+v", list)
	}
}
