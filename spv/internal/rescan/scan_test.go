package rescan

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// peer serves the blocks of a chain.
type peer struct {
	chain   *testnet.Chain
	mu      sync.Mutex
	fetched []consensus.Height
}

func (p *peer) Block(_ context.Context, _ []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, _ := p.chain.Find(&hash)
	p.fetched = append(p.fetched, h)
	return p.chain.Block(h), 1, nil
}

func (p *peer) Accuse(p2p.PeerID, error) {}

// book is a wallet that watches scripts, more of them from its first payment on.
type book struct {
	mu      sync.Mutex
	applied []consensus.BlockID
	paid    map[consensus.Height]bool
	scripts [][]byte
	grow    [][]byte
}

func (b *book) Scanned() (consensus.BlockID, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.applied[len(b.applied)-1], len(b.scripts) > 0
}

func (b *book) Locator() []consensus.BlockID {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := slices.Clone(b.applied)
	slices.Reverse(l)
	return l
}

func (b *book) Scripts() ([][]byte, uint64) { return b.scripts, uint64(len(b.scripts)) }

func (b *book) Apply(_ context.Context, u chain.Update) (grown bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, block := range u.Applied {
		if block.Msg != nil && b.grow != nil {
			b.scripts, b.grow = append(b.scripts, b.grow...), nil
			return true, nil
		}
	}
	for range u.Reverted {
		delete(b.paid, b.applied[len(b.applied)-1].Height)
		b.applied = b.applied[:len(b.applied)-1]
	}
	for _, block := range u.Applied {
		if block.Msg != nil {
			b.paid[block.Height] = true
		}
		b.applied = append(b.applied, block.BlockID)
	}
	return false, nil
}

// open returns a store with the headers and filters of a chain.
func open(t *testing.T, c *testnet.Chain) *chain.Chain {
	t.Helper()
	store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: c.Params(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	extend(t, store, c, 0)
	return store
}

// extend gives a store the headers and filters of a chain above a height.
func extend(t *testing.T, store *chain.Chain, c *testnet.Chain, above consensus.Height) {
	t.Helper()
	headers, err := consensus.PrepareHeaders(c.Params(), c.HeadersPayload(above+1, c.Height()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Extend(headers, 1, c.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for h := above + 1; h <= c.Height(); h += 100 {
		to := min(h+99, c.Height())
		targets, err := store.FilterTargets(h, int(to-h)+1)
		if err != nil {
			t.Fatal(err)
		}
		filters, err := consensus.ProveFilters(c.Params(), targets, c.CFiltersPayload(h, to))
		if err != nil {
			t.Fatal(err)
		}
		if err := store.AddFilters(filters); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestAWalletIsTakenToTheTip scans for a wallet that grows with its first payment, and again
// after a reorganisation. Each block that pays is fetched once.
func TestAWalletIsTakenToTheTip(t *testing.T) {
	first, later := []byte{0x51, 0x52}, []byte{0x51, 0x53}
	plan := testnet.Plan{}
	plan.Pay(20, first, 1e8)
	plan.Pay(60, later, 1e8)
	plan.Pay(90, later, 1e8)
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 100, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store, log := open(t, c), slog.New(slog.DiscardHandler)
		wallet := &book{applied: []consensus.BlockID{c.ID(0)}, paid: make(map[consensus.Height]bool), scripts: [][]byte{first}, grow: [][]byte{later}}
		net, group := &peer{chain: c}, jobs.New()
		defects := defect.NewReporter(log, func(p2p.PeerID, error) {})
		s := New(Deps{
			Wallet: wallet, Jobs: group, Defects: defects, Log: log, Accuse: net.Accuse,
			Blocks: blocks.New(blocks.Deps{
				Params: c.Params(), Peers: net, Defects: defects, Log: log, Valid: func(consensus.BlockID, *wire.MsgBlock) {},
			}),
		})
		group.Begin(t.Context())
		defer group.Stop()
		s.Open(store.Reader)
		s.Begin()
		toTip := func() {
			for turns := 0; !s.Done(); turns++ {
				if turns > 1000 {
					t.Fatal("the wallet does not get to the tip")
				}
				s.ToTip(Supply{Peers: 1})
				synctest.Wait()
				select {
				case apply := <-group.Results():
					if err := apply(); err != nil {
						t.Fatal(err)
					}
				default:
					_ = wait.For(t.Context(), stepTime)
				}
			}
		}
		toTip()
		if at, watching := s.Position(); at != c.Tip() || !watching || !s.Moved() || s.Moved() {
			t.Errorf("the wallet is at %v", at)
		}
		if got := slices.Sorted(maps.Keys(wallet.paid)); !slices.Equal(got, []consensus.Height{20, 60, 90}) {
			t.Errorf("paid by %v", got)
		}
		slices.Sort(net.fetched)
		if !slices.Equal(net.fetched, []consensus.Height{20, 60, 90}) {
			t.Errorf("fetched %v", net.fetched)
		}
		if s.Held() != 0 {
			t.Errorf("%d bytes are held", s.Held())
		}
		branch := c.Fork(80, 25, 7)
		net.chain = branch
		extend(t, store, branch, 80)
		toTip()
		if at, _ := s.Position(); at != branch.Tip() || wallet.paid[90] {
			t.Errorf("after the reorganisation the wallet is at %v, paid by %v", at, wallet.paid)
		}
	})
}

// TestWithoutAWalletNothingIsScanned has a wallet that watches nothing.
func TestWithoutAWalletNothingIsScanned(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 20})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Deps{Wallet: &book{applied: []consensus.BlockID{c.ID(0)}}})
	s.Open(open(t, c).Reader)
	s.Begin()
	s.ToTip(Supply{Peers: 1})
	s.Behind(Supply{Peers: 1})
	if at, watching := s.Position(); at != c.Tip() || watching || !s.Done() || s.Lag() != 0 {
		t.Errorf("at %v, watching %v, done %v", at, watching, s.Done())
	}
}

// TestAFilterIsNotLackedForLong has a wallet ask for filters below the floor, and want nothing there any
// longer before they are fetched, as when a rescan is canceled.
func TestAFilterIsNotLackedForLong(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 100})
	if err != nil {
		t.Fatal(err)
	}
	store := open(t, c)
	if err := store.RaiseFloor(80); err != nil {
		t.Fatal(err)
	}
	if err := store.Flush(); err != nil {
		t.Fatal(err)
	}
	genesis := []consensus.BlockID{c.ID(0)}
	wallet := &book{applied: genesis, scripts: [][]byte{{0x51}}}
	s := New(Deps{Wallet: wallet})
	s.Open(store.Reader)
	for range 2 {
		s.Begin()
		wallet.applied = genesis
		s.WalletChanged()
		s.ToTip(Supply{Peers: 1})
		if h, lacks := s.Lacks(); h != 1 || !lacks {
			t.Fatalf("the scan lacks filter %d, %v", h, lacks)
		}
		wallet.applied = []consensus.BlockID{c.ID(0), c.Tip()}
		s.WalletChanged()
		s.ToTip(Supply{Peers: 1})
		if h, lacks := s.Lacks(); lacks || !s.Done() {
			t.Errorf("done, the scan lacks filter %d", h)
		}
	}
}
