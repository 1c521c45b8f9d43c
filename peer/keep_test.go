package peer

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestOffline checks that during hours without a network one address after another is
// dialled, at a bounded rate however many there are, that the failures are not logged each
// time, and that all peers are connected again within seconds.
func TestOffline(t *testing.T) {
	unreachable := make([]func(*peertest.Node), 10)
	run(t, nil, unreachable, func(t *testing.T, b *bench) {
		<-time.After(10 * time.Hour)
		dials := b.net.dialled()
		least, most := int(10*time.Hour/b.cfg.probeEvery), int(10*time.Hour/(b.cfg.probeEvery/2))
		if n := len(dials); n < least || n > most+len(unreachable) {
			t.Errorf("%d dials in ten hours, want %d to %d", n, least, most)
		}
		pauses := make(map[time.Duration]bool)
		for i := len(unreachable); i < len(dials); i++ {
			pauses[dials[i].Sub(dials[i-1])] = true
		}
		if len(pauses) < len(dials)/2 {
			t.Errorf("only %d different pauses", len(pauses))
		}
		if warned := b.log.reasons(slog.LevelWarn); len(warned) != len(unreachable) {
			t.Errorf("logged %d times: %q", len(warned), warned)
		}

		chain := peertest.NewChain(2)
		for i := range unreachable {
			b.net.at(string(rune('a'+i))+":1", peertest.Good(chain))
		}
		<-time.After(b.cfg.probeEvery)
		synctest.Wait()
		if n := len(b.Infos()); n != len(unreachable) {
			t.Errorf("%d of %d peers within %v of the network's return", n, len(unreachable), b.cfg.probeEvery)
		}
	})
}

// TestAwayBackoff checks that a peer that is away while others are connected is dialled with
// pauses that grow and are jittered.
func TestAwayBackoff(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Good(peertest.NewChain(2)), nil}, func(t *testing.T, b *bench) {
		<-time.After(time.Hour)
		dials := b.net.dialledAt("b:1")
		for i := 1; i < len(dials); i++ {
			pause := dials[i].Sub(dials[i-1])
			most := min(b.cfg.retryMin<<min(i-1, 20), b.cfg.retryMax)
			if pause < most/2 || pause > most {
				t.Fatalf("pause %d: %v, want %v to %v", i, pause, most/2, most)
			}
		}
		if n := len(dials); n < 120 || n > 250 {
			t.Errorf("%d dials in an hour", n)
		}
	})
}

// TestRefusedBackoff checks that a peer whose refusal will most likely last is dialled
// rarely, and that the refusal is logged once.
func TestRefusedBackoff(t *testing.T) {
	old := peertest.Introduce(func(v, _ *wire.MsgVersion) { v.ProtocolVersion = 10 })
	run(t, nil, []func(*peertest.Node){old}, func(t *testing.T, b *bench) {
		<-time.After(10 * time.Hour)
		if n := len(b.net.dialled()); n < 60 || n > 121 {
			t.Errorf("%d dials in ten hours, want one in 5 to 10 minutes", n)
		}
		want := "protocol version too old: it speaks 10, at least 11 is needed"
		if warned := b.log.reasons(slog.LevelWarn); !slices.Equal(warned, []string{want}) {
			t.Errorf("logged: %q", warned)
		}
	})
}

// TestHangUpBackoff checks that a node which closes every connection at once is
// not dialled at a high rate either, for dcrd limits new connections.
func TestHangUpBackoff(t *testing.T) {
	run(t, nil, []func(*peertest.Node){(*peertest.Node).Welcome}, func(t *testing.T, b *bench) {
		<-time.After(time.Hour)
		if n := len(b.net.dialled()); n > 60*60/15+10 {
			t.Errorf("%d dials in an hour", n)
		}
	})
}

// TestReconnect checks that after a long connection the next one follows soon, under a new
// id.
func TestReconnect(t *testing.T) {
	const life = 2 * dialing.Stable
	script := func(n *peertest.Node) {
		n.Welcome()
		hangUp := time.AfterFunc(life, func() { n.Conn.Close() })
		defer hangUp.Stop()
		n.Serve(peertest.NewChain(1), nil)
	}
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		first := b.only().ID
		<-time.After(life)
		synctest.Wait()
		if len(b.Infos()) != 0 {
			t.Error("still connected")
		}
		<-time.After(b.cfg.retryMin)
		synctest.Wait()
		if again := b.only().ID; again <= first {
			t.Errorf("id %d after %d", again, first)
		}
	})
}

// TestRunAgain checks that Run can be called again after it has returned, and not before.
func TestRunAgain(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Good(peertest.NewChain(2))}, func(t *testing.T, b *bench) {
		if err := b.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("second run: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, peertest.Good(peertest.NewChain(2)))
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			b.only()
			cancel()
			wg.Wait()
			b.net.wg.Wait()
		}
	})
}
