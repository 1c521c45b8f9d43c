package sim_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// blockTime is the target time per block of a network where blocks come by the clock.
const blockTime = 2 * time.Minute

// punctual returns a chain of a public network: it has the magic number of the test
// network, so that the age of the tip counts and nodes tell addresses. Its rules are
// otherwise those of the simulation network, with more time between blocks.
var punctual = sync.OnceValue(func() *testnet.Chain {
	params := consensus.SimNet()
	public := *params.ChainParams
	public.Net = wire.TestNet3
	public.DefaultPort = "19108"
	public.TargetTimePerBlock = blockTime
	public.TargetTimespan = blockTime * time.Duration(public.WorkDiffWindowSize)
	public.WorkDiffV2HalfLifeSecs = 6 * int64(blockTime/time.Second)
	params.ChainParams = &public
	c, err := testnet.Generate(context.Background(), testnet.Config{Params: params, Seed: 1, Blocks: 300})
	if err != nil {
		panic(err)
	}
	return c
})

// publicNodes puts honest nodes at addresses that are routed publicly. Each knows
// those of all.
func (w *world) publicNodes(n int) {
	var addrs []net.TCPAddr
	for i := range n {
		addrs = append(addrs, net.TCPAddr{IP: net.IPv4(44, byte(i+1), 0, 1), Port: 19108})
	}
	for _, a := range addrs {
		node := testnet.NewNode(testnet.NodeConfig{Chain: w.best, Protocol: 12, Addrs: addrs, Trace: w.trace})
		w.honest = append(w.honest, w.net.Add(a.String(), node, far))
	}
}

// catchUpWithTheClock mines until the newest block is as old as it should be.
func (w *world) catchUpWithTheClock() {
	for time.Until(w.best.Now()) < -blockTime {
		w.extend(1)
	}
}

// chosen returns the addresses of the connected peers that the pool chose itself.
func (w *world) chosen() map[string]bool {
	addrs := make(map[string]bool)
	for _, i := range w.pool.Infos() {
		if i.Role == peer.Outbound {
			addrs[i.Addr] = true
		}
	}
	return addrs
}

// TestStaleTip checks what happens on a network where blocks come by the clock when
// none comes for much longer than expected: the client looks for peers that know
// more, among those that others told it of, and then says that it is not synced, why,
// and what to do; once there is a block it is synced again.
func TestStaleTip(t *testing.T) {
	inWorld(t, punctual(), func(w *world) {
		w.publicNodes(24)
		w.catchUpWithTheClock()
		w.makePool(func(c *peer.Config) { c.AddPeer, c.Connect = c.Connect[:1], nil })
		w.startClient()
		w.mustSync(10 * time.Minute)
		<-time.After(3 * time.Minute) // addresses are told
		w.catchUpWithTheClock()
		w.mustSync(time.Minute)
		before := w.chosen()
		if len(before) != 8 {
			t.Fatalf("%d peers were chosen, want 8", len(before))
		}

		silent := time.Now()
		met := make(map[*testnet.Host]int64)
		for _, h := range w.honest {
			met[h] = h.Node.Traffic().Connections.Load()
		}
		w.until("stale", func(st spv.Status) bool {
			return !st.Synced && strings.HasPrefix(st.Reason, "The newest block any peer has is")
		})
		if took := time.Since(silent); took < 22*blockTime || took > 26*blockTime {
			t.Errorf("without a block for %v the client says that it is not synced", took)
		}
		if st := w.syncer.Status(); st.Hint == "" || st.Ratio == 1 || st.Peers < 8 {
			t.Errorf("on a stale tip: %+v", st)
		}
		fresh := 0
		for _, h := range w.honest {
			if !before[h.Addr] && h.Node.Traffic().Connections.Load() > met[h] {
				fresh++
			}
		}
		if fresh < len(w.honest)-len(before)-1 {
			t.Errorf("%d new peers were asked after %v without a block", fresh, time.Since(silent))
		}

		w.catchUpWithTheClock()
		w.mustSync(time.Minute)
		w.mustNotHaveBanned(w.honest...)
	})
}
