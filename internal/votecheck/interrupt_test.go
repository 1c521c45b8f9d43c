package votecheck_test

import (
	"context"
	"flag"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

var points = flag.Int("points", 4, "number of blocking points that the worker is struck at, zero for all")

// pointedSyncer is a syncer of which each fetch is a blocking point.
type pointedSyncer struct {
	votecheck.Syncer
	p *interrupt.Points
}

func (s pointedSyncer) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	if err := s.p.Pass(ctx, "fetch a block"); err != nil {
		return nil, err
	}
	return s.Syncer.Block(ctx, hash)
}

func (s pointedSyncer) Chain() (*chain.Reader, error) {
	if err := s.p.Do("open the chain"); err != nil {
		return nil, err
	}
	return s.Syncer.Chain()
}

// pointedWallets are wallets of which each read is a blocking point.
type pointedWallets struct {
	votecheck.Wallets
	p *interrupt.Points
}

func (s pointedWallets) EachPayment(ctx context.Context, least dcrutil.Amount, above consensus.Height,
	yield func(wallet string, tx chainhash.Hash, amount dcrutil.Amount, block consensus.BlockID)) error {
	if err := s.p.Pass(ctx, "read the wallets"); err != nil {
		return err
	}
	return s.Wallets.EachPayment(ctx, least, above, yield)
}

// TestInterruptedAnywhere: whatever happens to the worker while it reads the chain and the wallets
// and fetches blocks, the votes behind a payment are verified in the end; trouble with the wallets
// shows in the status.
func TestInterruptedAnywhere(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 5, plan)
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill},
		func(t *testing.T, dir string, p *interrupt.Points) {
			_ = wait.Until(t.Context(), c.Now().Add(time.Hour))
			w := &world{T: t, shape: link.Shape{Latency: 5 * time.Millisecond}, dir: dir, holder: &holder{held: make(map[chainhash.Hash]bool)}}
			w.tune = func(cfg *votecheck.Config) {
				cfg.Syncer, cfg.Wallets = pointedSyncer{cfg.Syncer, p}, pointedWallets{cfg.Wallets, p}
			}
			w.log = slog.New(slog.DiscardHandler)
			w.net = testnet.NewNetwork(1, w.log)
			w.node, w.other = w.add("10.1.0.1:18555", c), w.add("10.2.0.1:18555", c)
			ctx, stop := context.WithCancel(t.Context())
			var beside sync.WaitGroup
			beside.Go(func() { _ = w.net.Run(ctx) })
			canceled := make(chan struct{})
			p.OnCancel(sync.OnceFunc(func() { close(canceled); w.cancel() }))
			w.start()
			said := ""
			beside.Go(func() {
				for st := range w.syncer.Changes(ctx, 0) {
					for _, warning := range st.Warnings {
						said += warning.Text
					}
				}
			})
			reached := w.verified(tx, canceled)
			began := time.Now()
			w.stop()
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("stopping took %v", took)
			}
			w.must(w.wallets.Close())
			synctest.Wait()
			stop()
			beside.Wait()
			if !reached && p.Way() != interrupt.Cancel {
				t.Error("the votes are not verified")
			}
			what := p.Struck()
			if p.Way() == interrupt.Fail && (what == "read the wallets") != strings.Contains(said, interrupt.ErrInjected.Error()) {
				t.Errorf("struck at %q, the status said %q", what, said)
			}
		})
}

// verified waits until the votes behind a payment are verified. It returns false if the worker is
// canceled before, or it takes half an hour.
func (w *world) verified(tx chainhash.Hash, canceled <-chan struct{}) bool {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < 30*time.Minute; {
		select {
		case <-tick.C:
		case <-canceled:
			return false
		}
		synctest.Wait()
		block, _, known, err := w.wallets.MinedIn(w.Context(), "default", tx)
		if err != nil || !known {
			continue
		}
		if v, known := w.checker.Votes(block); known && v.Verified == 5 && len(v.Missing) == 0 {
			return true
		}
	}
	return false
}
