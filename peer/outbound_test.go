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
)

// TestOfflineBackoff checks that hours without a network mean a bounded number of
// dials, with pauses that grow and are jittered, and that it is not in the log
// each time.
func TestOfflineBackoff(t *testing.T) {
	run(t, nil, []func(*node){nil}, func(t *testing.T, b *bench) {
		<-time.After(10 * time.Hour)
		dials := b.net.dialled()
		if n := len(dials); n < 1200 || n > 2500 {
			t.Errorf("%d dials in ten hours, want one in 15 to 30 seconds", n)
		}
		pauses := make(map[time.Duration]bool)
		for i := 1; i < len(dials); i++ {
			pause := dials[i].Sub(dials[i-1])
			pauses[pause] = true
			most := min(b.cfg.RetryMin<<min(i-1, 20), b.cfg.RetryMax)
			if pause < most/2 || pause > most {
				t.Fatalf("pause %d: %v, want %v to %v", i, pause, most/2, most)
			}
		}
		if len(pauses) < len(dials)/2 {
			t.Errorf("only %d different pauses", len(pauses))
		}
		if warned := b.log.reasons(slog.LevelWarn); len(warned) != 1 {
			t.Errorf("told %d times: %q", len(warned), warned)
		}

		b.net.at("a:1", good(newTestChain(2)))
		<-time.After(b.cfg.RetryMax)
		b.only()
	})
}

// TestRefusedBackoff checks that what will most likely not change is not tried
// often, and said once.
func TestRefusedBackoff(t *testing.T) {
	old := introduce(func(v, _ *wire.MsgVersion) { v.ProtocolVersion = 10 })
	run(t, nil, []func(*node){old}, func(t *testing.T, b *bench) {
		<-time.After(10 * time.Hour)
		if n := len(b.net.dialled()); n < 60 || n > 121 {
			t.Errorf("%d dials in ten hours, want one in 5 to 10 minutes", n)
		}
		want := "protocol version too old: it speaks 10, at least 11 is needed"
		if warned := b.log.reasons(slog.LevelWarn); !slices.Equal(warned, []string{want}) {
			t.Errorf("told: %q", warned)
		}
	})
}

// TestHangUpBackoff checks that a node which closes every connection at once is
// not dialled at a high rate either, for dcrd limits new connections.
func TestHangUpBackoff(t *testing.T) {
	run(t, nil, []func(*node){(*node).welcome}, func(t *testing.T, b *bench) {
		<-time.After(time.Hour)
		if n := len(b.net.dialled()); n > 60*60/15+10 {
			t.Errorf("%d dials in an hour", n)
		}
	})
}

// TestReconnect checks that after a long connection the next one comes soon, under
// a new id.
func TestReconnect(t *testing.T) {
	const life = 2 * stable
	script := func(n *node) {
		n.welcome()
		hangUp := time.AfterFunc(life, func() { n.nc.Close() })
		defer hangUp.Stop()
		n.serve(newTestChain(1), nil)
	}
	run(t, nil, []func(*node){script}, func(t *testing.T, b *bench) {
		first := b.only().ID
		<-time.After(life)
		synctest.Wait()
		if len(b.Infos()) != 0 {
			t.Error("still connected")
		}
		<-time.After(b.cfg.RetryMin)
		synctest.Wait()
		if again := b.only().ID; again <= first {
			t.Errorf("id %d after %d", again, first)
		}
	})
}

// TestRunAgain checks that Run can be called again after it has returned, and not
// before.
func TestRunAgain(t *testing.T) {
	run(t, nil, []func(*node){good(newTestChain(2))}, func(t *testing.T, b *bench) {
		if err := b.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("second run: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, good(newTestChain(2)))
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
