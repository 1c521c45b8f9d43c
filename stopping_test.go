package spvd_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
)

// TestStopsFromEveryPhase: a client that is stopped the moment it enters a phase, with a peer that is
// slow, or falls silent then, or has been silent for half a minute, has ended within 2 seconds, and
// its data is whole: the next run syncs.
func TestStopsFromEveryPhase(t *testing.T) {
	for phase := spv.Opening; phase <= spv.Following; phase++ {
		for name, silence := range map[string]time.Duration{"slow": -1, "silent": 0, "long silent": 30 * time.Second} {
			t.Run(phase.String()+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { stopIn(t, phase, silence) })
			})
		}
	}
}

// webServer is the address of a web server that accepts connections and answers nothing.
const webServer = "10.0.0.9:80"

// stopIn runs a client until it enters a phase, stops it when its peer has been silent since then for
// a time, or at once if that is negative, and runs it again to the end.
func stopIn(t *testing.T, phase spv.Phase, silence time.Duration) {
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 40})
	if err != nil {
		t.Fatal(err)
	}
	network := testnet.NewNetwork(1, nil)
	host := network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{Latency: time.Second})
	defer running(t, network.Run)()
	ahead := time.Until(chain.Now())
	entered := &phaseWatch{phase: phase, reached: make(chan struct{})}
	cfg := spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr},
		Dial: func(ctx context.Context, kind, addr string) (net.Conn, error) {
			if addr == webServer {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return network.Dial(ctx, kind, addr)
		},
		Now:      func() time.Time { return time.Now().Add(ahead) },
		Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
		Log:      slog.New(entered),
	}
	if phase == spv.Importing {
		cfg.Bootstrap = []string{"http://" + webServer}
	}
	c, err := spvd.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var began time.Time
	entered.then = func() {
		if silence >= 0 {
			host.Partition()
		}
		time.AfterFunc(silence, func() {
			began = time.Now()
			cancel()
		})
	}
	var run sync.WaitGroup
	run.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	run.Wait()
	select {
	case <-entered.reached:
	default:
		t.Fatal("the phase was never entered")
	}
	if took := time.Since(began); took > stopWithin {
		t.Errorf("Run returned %v after it was stopped, want %v at most", took, stopWithin)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}

	host.Heal()
	cfg.Bootstrap, cfg.Log = nil, nil
	if err := live(t, cfg, 1); err != nil {
		t.Error(err)
	}
}

// phaseWatch is a log that does something when a phase is entered for the first time.
type phaseWatch struct {
	phase   spv.Phase
	then    func()
	once    sync.Once
	reached chan struct{}
}

func (*phaseWatch) Enabled(context.Context, slog.Level) bool { return true }
func (w *phaseWatch) WithAttrs([]slog.Attr) slog.Handler     { return w }
func (w *phaseWatch) WithGroup(string) slog.Handler          { return w }

// Handle implements slog.Handler. The syncer logs a phase on the goroutine that enters it.
func (w *phaseWatch) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "Entering phase" && a.Value.Any() == w.phase {
			w.once.Do(func() { w.then(); close(w.reached) })
		}
		return true
	})
	return nil
}
