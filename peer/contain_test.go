package peer

import (
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestAPanicOverAMessageEndsOneConnection has this program panic over messages of peers: over
// an unrequested block, and over a version message. These peers are disconnected, the stack
// is logged, the panics are counted, and the pool keeps the other peer.
func TestAPanicOverAMessageEndsOneConnection(t *testing.T) {
	chain := peertest.NewChain(3)
	var armed atomic.Int32 // how many of the next readings of the clock panic
	tune := func(c *Config) {
		c.Now = func() time.Time {
			if armed.Add(-1) >= 0 {
				panic("no time")
			}
			armed.Store(0)
			return time.Now()
		}
	}
	var greeted, sent atomic.Bool
	message := peertest.WelcomeThen(func(n *peertest.Node) {
		if sent.Swap(true) {
			return
		}
		<-time.After(time.Second)
		armed.Store(1)
		n.Send(chain.Blocks[1])
	})
	handshake := func(n *peertest.Node) {
		if greeted.Swap(true) {
			n.Welcome()
			n.Drain()
			return
		}
		peertest.Expect[*wire.MsgVersion](n)
		<-time.After(2 * time.Second)
		armed.Store(1)
		n.Send(peertest.Version())
		n.Drain()
	}
	run(t, tune, []func(*peertest.Node){message, handshake, peertest.WelcomeThen(func(*peertest.Node) {})}, func(t *testing.T, b *bench) {
		<-time.After(time.Minute)
		if n := b.Defects(); n != 2 {
			t.Errorf("%d failures are counted, want 2", n)
		}
		stacks := 0
		for _, text := range b.log.values(slog.LevelError, "stack") {
			if strings.Contains(text, "contain_test.go") {
				stacks++
			}
		}
		if stacks != 2 {
			t.Errorf("%d stacks are logged, want 2", stacks)
		}
		reasons := b.log.reasons(slog.LevelWarn)
		if !slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(s, "defect of this program") }) {
			t.Errorf("connections have ended because of %q", reasons)
		}
		if n := len(b.Infos()); n != 3 || len(b.Bans()) > 0 {
			t.Errorf("%d peers are connected, %d are banned", n, len(b.Bans()))
		}
	})
}
