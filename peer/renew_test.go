package peer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestRelaySwitchedOn checks that wanting transactions replaces connections one by one, so
// that there is an old enough one at every moment, and ends with peers that announce, and no
// spare.
func TestRelaySwitchedOn(t *testing.T) {
	for _, peers := range []int{1, 3} {
		chain := peertest.NewChain(1)
		scripts := make([]func(*peertest.Node), peers)
		for i := range scripts {
			scripts[i] = func(n *peertest.Node) { n.Welcome(); n.Serve(chain, nil) }
		}
		run(t, nil, scripts, func(t *testing.T, b *bench) {
			<-time.After(time.Minute)
			b.WantTxs(true)
			for range 200 {
				<-time.After(time.Second)
				synctest.Wait()
				established := 0
				for _, i := range b.Infos() {
					if time.Since(i.Connected) >= dialing.EstablishedAfter {
						established++
					}
				}
				if established == 0 {
					t.Fatalf("no peer that is connected long enough: %+v", b.Infos())
				}
			}
			infos := b.Infos()
			if len(infos) != peers {
				t.Errorf("%d peers in the end, want %d", len(infos), peers)
			}
			for _, i := range infos {
				if !i.TellsTx || i.Role != Wanted {
					t.Errorf("peer %d is %v and announces transactions: %v", i.ID, i.Role, i.TellsTx)
				}
			}
		})
	}
}

// TestRelayFlag checks what the version message says about transactions.
func TestRelayFlag(t *testing.T) {
	for _, want := range []bool{false, true} {
		silenced := make(chan bool, 1)
		script := func(n *peertest.Node) {
			if m, ok := peertest.Greeting[*wire.MsgVersion](n); ok {
				silenced <- m.DisableRelayTx
			}
		}
		run(t, func(c *Config) { c.RelayTx = want }, []func(*peertest.Node){script}, func(t *testing.T, _ *bench) {
			if got := <-silenced; got == want {
				t.Errorf("wanting transactions %v, DisableRelayTx is %v", want, got)
			}
		})
	}
}
