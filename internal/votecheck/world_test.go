package votecheck_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// start is the height up to which the trunk has invented votes, and real tickets only in
// its last blocks. From there on all votes are real.
const start consensus.Height = 150

// stakeholders own the tickets.
var stakeholders = testnet.NewStakeholders(consensus.SimNet(), 7)

// trunk is what all chains of these tests have in common.
var trunk = sync.OnceValue(func() *testnet.Chain {
	c, err := stakeholders.Trunk(context.Background(), 1)
	if err != nil {
		panic(err)
	}
	return c
})

// merchant is the address that payments go to, and its script.
func merchant() (string, []byte) {
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(chainhash.HashB([]byte("merchant"))[:20], consensus.SimNet().ChainParams)
	if err != nil {
		panic(err)
	}
	_, script := addr.PaymentScript()
	return addr.String(), script
}

// pay plans a payment of some coins to the merchant, and returns its hash.
func pay(p testnet.Plan, h consensus.Height, coins int64) chainhash.Hash {
	_, script := merchant()
	return p.Pay(h, script, coins*1e8).Hash
}

// grow puts blocks with real votes on a chain.
func grow(c *testnet.Chain, n int, plan testnet.Plan) *testnet.Chain {
	return stakeholders.Grow(c, testnet.VotedBranch{At: c.Height(), Blocks: n, Seed: 1, Plan: plan})
}

// holder is an honest node that withholds some blocks.
type holder struct {
	testnet.Honest

	mu   sync.Mutex
	held map[chainhash.Hash]bool
}

// hold withholds a block, or no longer does.
func (h *holder) hold(hash chainhash.Hash, held bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[hash] = held
}

// Block serves what is not withheld.
func (h *holder) Block(s *testnet.Session, hash *chainhash.Hash) ([]testnet.Message, bool) {
	h.mu.Lock()
	held := h.held[*hash]
	h.mu.Unlock()
	if held {
		return nil, true
	}
	return h.Honest.Block(s, hash)
}

// world is a network of two nodes and a client of it, in virtual time.
type world struct {
	*testing.T
	net    *testnet.Network
	node   *testnet.Host // the one that most tests change
	other  *testnet.Host // in another network group
	holder *holder       // the behaviour of both
	shape  link.Shape
	dir    string
	log    *slog.Logger
	tune   func(*votecheck.Config)

	pool    *peer.Pool
	wallets *wallet.Set
	syncer  *spv.Syncer
	checker *votecheck.Checker

	mu     sync.Mutex
	blocks int // that were served

	cancel  context.CancelFunc
	running sync.WaitGroup
}

// inWorld runs a test of a client of two nodes with a chain.
func inWorld(t *testing.T, c *testnet.Chain, test func(w *world), tune ...func(*votecheck.Config)) {
	t.Helper()
	inWorldOver(t, c, link.Shape{Latency: 5 * time.Millisecond}, test, tune...)
}

// inWorldOver is inWorld with lines of a shape.
func inWorldOver(t *testing.T, c *testnet.Chain, shape link.Shape, test func(w *world), tune ...func(*votecheck.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_ = wait.Until(t.Context(), c.Now().Add(time.Hour))
		w := &world{T: t, shape: shape, dir: t.TempDir(), holder: &holder{held: make(map[chainhash.Hash]bool)}}
		w.tune = func(cfg *votecheck.Config) {
			for _, f := range tune {
				f(cfg)
			}
		}
		w.log = slog.New(slog.NewTextHandler(t.Output(), nil))
		w.net = testnet.NewNetwork(1, w.log.With("at", "net"))
		w.node, w.other = w.add("10.1.0.1:18555", c), w.add("10.2.0.1:18555", c)
		ctx, stop := context.WithCancel(t.Context())
		var nodes sync.WaitGroup
		nodes.Go(func() { _ = w.net.Run(ctx) })
		defer nodes.Wait()
		defer stop()
		w.start()
		defer w.stop()
		test(w)
	})
}

func (w *world) add(addr string, c *testnet.Chain) *testnet.Host {
	node := testnet.NewNode(testnet.NodeConfig{Chain: c, Behaviour: w.holder, Trace: func(e testnet.Event) {
		if !e.In && e.Command == wire.CmdBlock {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.blocks++
		}
	}})
	return w.net.Add(addr, node, w.shape)
}

// served returns how many blocks the nodes have sent.
func (w *world) served() int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocks
}

// must ends the test with an error.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// start starts the client, a new process on the same files when it was stopped.
func (w *world) start() {
	w.Helper()
	params := consensus.SimNet()
	var err error
	w.pool, err = peer.New(peer.Config{Params: params.ChainParams, UserAgent: "/votecheck:1.0.0/", Connect: []string{w.node.Addr, w.other.Addr}, Dial: w.net.Dial, Log: w.log.With("at", "peer")})
	w.must(err)
	w.wallets = wallet.NewSet(wallet.SetConfig{Dir: filepath.Join(w.dir, "wallets"), Params: params})
	w.must(w.wallets.OpenAll())
	if _, err := w.wallets.Wallet(wallet.DefaultName); err != nil {
		addr, _ := merchant()
		w.must(w.wallets.Import(wallet.DefaultName, func(wl *wallet.Wallet) error {
			_, err := wl.ImportAddresses(w.Context(), []string{addr}, nil)
			return err
		}))
	}
	w.syncer, err = spv.New(spv.Config{Params: params, ChainFile: filepath.Join(w.dir, "chain.db"), Peers: w.pool.Peers(), Wallet: w.wallets, Log: w.log.With("at", "spv")})
	w.must(err)
	cfg := votecheck.Config{
		Params: params, Syncer: w.syncer, Wallets: w.wallets, File: filepath.Join(w.dir, "votes.dat"), Least: 5e8, Log: w.log.With("at", "votes"),
	}
	w.tune(&cfg)
	w.checker, err = votecheck.New(cfg)
	w.must(err)
	ctx, cancel := context.WithCancel(w.Context())
	w.cancel = cancel
	for _, run := range []func(context.Context) error{w.wallets.Run, w.pool.Run, w.syncer.Run, w.checker.Serve} {
		w.running.Go(func() {
			if err := run(ctx); err != nil {
				w.Error(err)
			}
		})
	}
}

// stop stops the client.
func (w *world) stop() {
	w.cancel()
	w.running.Wait()
}

// become makes a chain that of the nodes.
func (w *world) become(c *testnet.Chain) {
	w.node.Node.SetChain(c)
	w.other.Node.SetChain(c)
}

// pass lets virtual time pass.
func (w *world) pass(d time.Duration) {
	_ = wait.For(w.Context(), d)
	synctest.Wait()
}

// at waits until the client is at the tip of a chain, synced or not.
func (w *world) at(c *testnet.Chain) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Minute)
	defer cancel()
	tip := c.Tip()
	err := w.syncer.Wait(ctx, func(st spv.Status) bool {
		scanned, _ := w.wallets.Scanned()
		return st.Tip == tip && scanned == tip
	})
	if err != nil {
		w.Fatalf("never at block %d: %v: %+v", tip.Height, err, w.syncer.Status())
	}
	w.pass(time.Second)
}

// votes returns what is known about the votes behind a transaction.
func (w *world) votes(tx chainhash.Hash) (votecheck.Votes, bool) {
	w.Helper()
	block, _, known, err := w.wallets.MinedIn(w.Context(), wallet.DefaultName, tx)
	if err != nil || !known {
		w.Fatalf("the wallet has no %v: %v", tx, err)
	}
	return w.checker.Votes(block)
}

// missing returns the votes that do not count behind a transaction, by their code.
func (w *world) missing(tx chainhash.Hash) map[string]int {
	w.Helper()
	v, _ := w.votes(tx)
	list := make(map[string]int)
	for _, m := range v.Missing {
		list[m.Code] += m.Count
	}
	return list
}

// warning returns the text of the warning of a code, empty if there is none.
func (w *world) warning(code string) string {
	st := w.syncer.Status()
	for _, warning := range st.Warnings {
		if warning.Code == code {
			return warning.Text
		}
	}
	return ""
}

// mustSay demands that the status is synced or not, and has a warning or not.
func (w *world) mustSay(synced bool, codes ...string) {
	w.Helper()
	st := w.syncer.Status()
	var got []string
	for _, warning := range st.Warnings {
		got = append(got, warning.Code)
	}
	if st.Synced != synced || !slices.Equal(got, codes) {
		w.Fatalf("synced %v with warnings %v, want %v with %v: %s", st.Synced, st.Warnings, synced, codes, st.Reason)
	}
}

// mustHaveBannedNone demands that every peer is still welcome.
func (w *world) mustHaveBannedNone() {
	w.Helper()
	if bans := w.pool.Bans(); len(bans) > 0 {
		w.Errorf("banned: %+v", bans)
	}
}

// describe formats what is known about votes.
func describe(v votecheck.Votes) string {
	text := fmt.Sprintf("%d verified, %d confirmations, missing %+v;", v.Verified, v.Confirmations, v.Missing)
	for _, b := range v.Blocks {
		text += fmt.Sprintf(" %d: %s %v %d+%d;", b.Block.Height, b.State.Code(), b.Verdict, b.Result.Approving, b.Result.Disapproving)
	}
	return text
}
