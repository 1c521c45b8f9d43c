package spv

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// The chains of most tests are the beginnings of these, which are made once: making blocks would
// take most of the time of many tests, more so under the race detector.
var (
	trunk      = sync.OnceValue(func() *testnet.Chain { return made(13_000, nil) })
	shortTrunk = sync.OnceValue(func() *testnet.Chain { return made(900, nil) })
)

func made(blocks int, plan testnet.Plan) *testnet.Chain {
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 1, Blocks: blocks, Plan: plan})
	if err != nil {
		panic(err)
	}
	return c
}

// generate returns a chain of so many blocks with planned transactions.
func generate(t testing.TB, blocks int, plan testnet.Plan) *testnet.Chain {
	t.Helper()
	if len(plan) > 0 || blocks > 13_000 {
		return made(blocks, plan)
	}
	long := trunk
	if blocks <= 900 {
		long = shortTrunk
	}
	return long().Grow(testnet.Branch{At: consensus.Height(blocks)})
}

// house is one syncer over fake peers in virtual time. Its methods let tests
// read as sentences.
type house struct {
	*testing.T
	net    *fakeNet
	cfg    Config
	syncer *Syncer
	cancel context.CancelFunc
	run    sync.WaitGroup
	err    error
}

// inHouse runs a test in a bubble of virtual time with a syncer that has not
// been started.
func inHouse(t *testing.T, c *testnet.Chain, wallet Wallet, test func(*house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		now := time.Until(c.Now().Add(time.Hour))
		h := &house{T: t, net: newFakeNet()}
		h.cfg = Config{
			Params:    c.Params(),
			ChainFile: filepath.Join(t.TempDir(), "chain.db"),
			Peers:     h.net,
			Wallet:    wallet,
			Now:       func() time.Time { return time.Now().Add(now) },
		}
		s, err := New(h.cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.syncer = s
		test(h)
		h.stop()
		if h.net.flying != 0 {
			t.Errorf("%d requests in flight after the end", h.net.flying)
		}
	})
}

// start runs the syncer.
func (h *house) start() {
	ctx, cancel := context.WithCancel(h.Context())
	h.cancel = cancel
	h.run.Go(func() { h.err = h.syncer.Run(ctx) })
}

// stop ends the run, if there is one, and demands that it ends soon and clean.
func (h *house) stop() {
	h.Helper()
	if h.cancel == nil {
		return
	}
	before := time.Now()
	h.cancel()
	h.cancel = nil
	h.run.Wait()
	if h.err != nil {
		h.Errorf("Run returned %v", h.err)
	}
	if took := time.Since(before); took > 2*time.Second {
		h.Errorf("stopping took %v", took)
	}
}

// until waits for a condition and fails the test if it takes longer than limit.
func (h *house) until(limit time.Duration, what string, cond func(Status) bool) Status {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), limit)
	defer cancel()
	if err := h.syncer.Wait(ctx, cond); err != nil {
		h.Fatalf("not %s within %v: %v\nstatus: %+v", what, limit, err, h.syncer.Status())
	}
	return h.syncer.Status()
}

// untilSyncedTo waits until the syncer is synced to the tip of a chain.
func (h *house) untilSyncedTo(limit time.Duration, c *testnet.Chain) {
	h.Helper()
	h.until(limit, fmt.Sprintf("synced to block %d", c.Height()), func(st Status) bool {
		return st.Synced && st.Tip == c.Tip()
	})
	store, err := h.syncer.Chain()
	if err != nil {
		h.Fatal(err)
	}
	if err := store.Check(h.Context()); err != nil {
		h.Errorf("the store fails its check: %v", err)
	}
	for _, at := range []consensus.Height{0, c.Height() / 2, c.Height()} {
		filter, err := store.Filter(at)
		if err != nil || !slices.Equal(filter, c.Filter(at)) {
			h.Errorf("filter %d is not that of the chain: %v", at, err)
		}
	}
}

// spoilStore changes a bit wherever the store holds some bytes.
func (h *house) spoilStore(of []byte) {
	h.Helper()
	file, err := os.ReadFile(h.cfg.ChainFile)
	if err != nil {
		h.Fatal(err)
	}
	places := 0
	for at := 0; ; places++ {
		i := bytes.Index(file[at:], of)
		if i < 0 {
			break
		}
		at += i
		file[at] ^= 1
	}
	if places == 0 {
		h.Fatal("the store does not hold what is to be spoilt")
	}
	if err := os.WriteFile(h.cfg.ChainFile, file, 0o600); err != nil {
		h.Fatal(err)
	}
}

// pass lets virtual time pass.
func (h *house) pass(d time.Duration) {
	_ = wait.For(h.Context(), d)
	synctest.Wait()
}

// diary is a wallet that watches scripts and writes down what it is given. It
// fails the test when an update does not continue at its tip.
type diary struct {
	noWallet // of unmined transactions it knows nothing

	t       *testing.T
	scripts [][]byte
	grow    [][]byte // watched from the first match on
	blocks  []consensus.BlockID
	found   map[consensus.Height]*wire.MsgBlock
	applied int

	changed chan struct{} // nil unless the test pokes

	mu sync.Mutex // guards blocks
}

func newDiary(t *testing.T, c *testnet.Chain, scripts ...[]byte) *diary {
	return &diary{t: t, scripts: scripts, blocks: []consensus.BlockID{c.ID(0)}, found: make(map[consensus.Height]*wire.MsgBlock)}
}

func (d *diary) Scanned() (consensus.BlockID, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.blocks[len(d.blocks)-1], true
}

// goBack makes the wallet watch other scripts, searched for up to the genesis block
// only. The syncer is not poked.
func (d *diary) goBack(scripts ...[]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scripts, d.blocks = scripts, d.blocks[:1:1]
}

func (d *diary) Locator() []consensus.BlockID {
	l := slices.Clone(d.blocks)
	slices.Reverse(l)
	return l
}

func (d *diary) Scripts() ([][]byte, uint64) { return d.scripts, uint64(len(d.scripts)) }

func (d *diary) Changed() <-chan struct{} { return d.changed }

func (d *diary) Apply(_ context.Context, u chain.Update) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range u.Applied {
		if b.Msg != nil && d.grow != nil {
			d.scripts = append(d.scripts, d.grow...)
			d.grow = nil
			return true, nil
		}
	}
	for _, id := range u.Reverted {
		if tip := d.blocks[len(d.blocks)-1]; tip != id {
			d.t.Errorf("asked to revert %v with the tip at %v", id, tip)
		}
		delete(d.found, id.Height)
		d.blocks = d.blocks[:len(d.blocks)-1]
	}
	for _, b := range u.Applied {
		if tip := d.blocks[len(d.blocks)-1]; b.Header.PrevBlock() != tip.Hash {
			d.t.Errorf("asked to apply block %d on top of %d", b.Height, tip.Height)
		}
		if b.Msg != nil {
			d.found[b.Height] = b.Msg
		}
		d.blocks = append(d.blocks, b.BlockID)
	}
	d.applied++
	return false, nil
}
