package spv

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

var points = flag.Int("points", 5, "number of blocking points that the syncer is struck at, zero for all")

// allWays are the ways in which a syncer is struck.
func allWays() []interrupt.Way {
	return []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill}
}

// watchedScript is what the wallet watches.
func watchedScript() []byte { return []byte("\x76\xa9\x14interrupted anywhere\x88\xac") }

// failingWallet is a diary of which each update is a blocking point.
type failingWallet struct {
	*diary
	p *interrupt.Points
}

func (w failingWallet) Apply(ctx context.Context, u chain.Update) (bool, error) {
	if err := w.p.Pass(ctx, "apply to the wallet"); err != nil {
		return false, err
	}
	return w.diary.Apply(ctx, u)
}

// interrupted makes the house of a life, on the store in a directory, whose requests to peers and
// updates of the wallet are blocking points. The store that an earlier life has left passes its
// check.
func interrupted(t *testing.T, dir string, p *interrupt.Points, c *testnet.Chain) *house {
	t.Helper()
	now := time.Until(c.Now().Add(time.Hour))
	h := &house{T: t, net: newFakeNet()}
	h.net.point = p.Pass
	script := watchedScript()
	h.cfg = Config{
		Params: c.Params(), ChainFile: filepath.Join(dir, "chain.db"), Peers: h.net,
		Wallet: failingWallet{newDiary(t, c, script), p},
		Now:    func() time.Time { return time.Now().Add(now) },
	}
	if _, err := os.Stat(h.cfg.ChainFile); err == nil {
		store, err := chain.Open(chain.Config{Path: h.cfg.ChainFile, Params: c.Params()})
		if err != nil {
			t.Fatalf("the store that was left: %v", err)
		}
		if err := errors.Join(store.Check(t.Context()), store.Close()); err != nil {
			t.Errorf("the store that was left: %v", err)
		}
	}
	return h
}

// live starts the syncer, calls each step in turn, and stops the syncer. A step returns when its
// condition holds or the run has ended. A run that is canceled ends without an error within two
// seconds; one that ends by itself ends with the injected error, and the status shows it.
func (h *house) live(p *interrupt.Points, steps ...func(ctx context.Context) error) {
	h.Helper()
	var err error
	if h.syncer, err = New(h.cfg); err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	p.OnCancel(cancel)
	h.run.Go(func() {
		h.err = h.syncer.Run(ctx)
		cancel()
	})
	reached := true
	for _, step := range steps {
		limited, done := context.WithTimeout(ctx, 10*time.Minute)
		err := step(limited)
		done()
		if err != nil {
			if reached = false; ctx.Err() == nil && !errors.Is(err, interrupt.ErrInjected) {
				h.Errorf("%v\n%+v", err, h.syncer.Status())
			}
			break
		}
	}
	began := time.Now()
	cancel()
	h.run.Wait()
	if took := time.Since(began); took > 2*time.Second {
		h.Errorf("stopping took %v", took)
	}
	st := h.syncer.Status()
	switch {
	case h.err == nil && !reached && p.Way() != interrupt.Cancel:
		h.Errorf("the run has ended without an error: %+v", st)
	case h.err != nil && !errors.Is(h.err, interrupt.ErrInjected):
		h.Errorf("Run returned %v", h.err)
	case h.err != nil && (st.Phase != Failed || !errors.Is(st.Err, interrupt.ErrInjected)):
		h.Errorf("the run has ended with %v, the status is %+v", h.err, st)
	case h.err == nil && (st.Synced || st.Ready || st.Peers > 0 && st.Phase != Idle):
		h.Errorf("after the run the status is %+v", st)
	}
	if h.net.flying != 0 {
		h.Errorf("%d requests in flight after the end", h.net.flying)
	}
}

// synced is a step: it waits until all is at a tip.
func (h *house) synced(c *testnet.Chain) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		return h.syncer.Wait(ctx, func(st Status) bool { return st.Synced && st.Tip == c.Tip() })
	}
}

// TestSyncInterruptedAnywhere: a first sync from two peers with payments to the wallet, a new block
// and a reorganisation.
func TestSyncInterruptedAnywhere(t *testing.T) {
	plan := testnet.Plan{}
	for _, at := range []consensus.Height{40, 41, 150, 290} {
		plan.Pay(at, watchedScript(), 1e8)
	}
	base := generate(t, 300, plan)
	grown := base.Grow(testnet.Branch{At: 300, Seed: 4, Blocks: 1})
	other := base.Grow(testnet.Branch{At: 297, Seed: 5, Blocks: 6})
	interrupt.Every(t, *points, allWays(), func(t *testing.T, dir string, p *interrupt.Points) {
		h := interrupted(t, dir, p, other)
		chains := []*testnet.Chain{base, grown, other}
		if p.Way() == interrupt.None && p.Again() { // the network does not lose blocks that the store may have
			chains = chains[2:]
		}
		first := h.net.join(&fakePeer{host: "a", chain: chains[0], latency: 20 * time.Millisecond})
		h.net.join(&fakePeer{host: "b", chain: base, latency: 30 * time.Millisecond})
		steps := []func(context.Context) error{h.synced(chains[0])}
		for _, c := range chains[1:] {
			steps = append(steps, func(ctx context.Context) error {
				h.net.extend(first, c)
				return h.synced(c)(ctx)
			})
		}
		h.live(p, append(steps, func(ctx context.Context) error {
			if w := h.cfg.Wallet.(failingWallet); len(w.found) != 4 {
				t.Errorf("the wallet has found %d payments, want 4", len(w.found))
			}
			return nil
		})...)
	})
}

// pointedSource is a source of which each operation is a blocking point. Once one has failed, all
// later ones fail too: single failures are retried.
type pointedSource struct {
	watchedSource
	p *interrupt.Points
}

func (s *pointedSource) Open(ctx context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	if err := errors.Join(s.broken(), s.p.Pass(ctx, "open")); err != nil {
		return nil, 0, err
	}
	f, size, err := s.watchedSource.Open(ctx, name, from)
	if err != nil {
		return nil, 0, err
	}
	return &pointedFile{f, ctx, s}, size, nil
}

func (s *pointedSource) broken() error {
	if what := s.p.Struck(); s.p.Way() == interrupt.Fail && (what == "open" || what == "read") {
		return interrupt.ErrInjected
	}
	return nil
}

type pointedFile struct {
	io.ReadCloser
	ctx context.Context
	of  *pointedSource
}

func (f *pointedFile) Read(b []byte) (int, error) {
	if err := errors.Join(f.of.broken(), f.of.p.Pass(f.ctx, "read")); err != nil {
		return 0, err
	}
	return f.ReadCloser.Read(b[:min(len(b), 9000)])
}

// TestImportInterruptedAnywhere: a snapshot is imported, and the rest comes from a peer. A source that
// fails before all its blocks are read is named in the status.
func TestImportInterruptedAnywhere(t *testing.T) {
	c := eras(t, 700)
	interrupt.Every(t, *points, allWays(), func(t *testing.T, dir string, p *interrupt.Points) {
		src := &pointedSource{watchedSource{Source: sealed(c, 5)}, p}
		h := interrupted(t, dir, p, c)
		h.cfg.Wallet = nil
		h.cfg.Bootstrap = []snapshot.Source{src}
		h.net.join(&fakePeer{host: "a", chain: c, latency: 20 * time.Millisecond})
		said := ""
		var had consensus.Height // from the source
		h.live(p, func(ctx context.Context) error {
			return h.syncer.Wait(ctx, func(st Status) bool {
				had = st.Filters.Current
				return st.Phase == CatchingUp
			})
		}, h.synced(c), func(context.Context) error {
			said = leftWith(h.syncer.Status())
			return nil
		})
		if n := src.open.Load(); n != 0 {
			t.Errorf("%d files of the source are open", n)
		}
		if src.opened.Load() > 0 && src.closed.Load() == 0 {
			t.Error("the source was not closed")
		}
		what := p.Struck()
		last := consensus.Height(5*snapshot.BlocksOf(c.Params()) - 1)
		if bad := src.broken() != nil && had < last; bad != strings.Contains(said, interrupt.ErrInjected.Error()) {
			t.Errorf("struck at %q, the status says %q", what, said)
		}
	})
}
