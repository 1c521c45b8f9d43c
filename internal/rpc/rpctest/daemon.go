package rpctest

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// PeerAddress is the address of the node that a Daemon is connected with.
const PeerAddress = "192.0.2.1:9108"

// DaemonConfig describes a daemon. The zero value is one without a wallet on a chain of the
// genesis block.
type DaemonConfig struct {
	// Blocks is the height of the node's chain, Plan the transactions in it.
	Blocks int
	Plan   testnet.Plan

	// Xpub is an account named default of the default wallet; empty means that
	// there is no wallet.
	Xpub string

	// Relay has peers asked from the start to announce transactions, as with an Xpub; else they
	// are once a wallet watches something, for which the connection is made again.
	Relay bool

	// Unreachable keeps the daemon from its node until Connect.
	Unreachable bool

	// Chain is the node's chain instead of one of Blocks and Plan; nil is none.
	Chain *testnet.Chain

	// VerifyVotes is the least payment, in atoms, whose votes are verified without a request;
	// zero for none.
	VerifyVotes dcrutil.Amount
}

// holder is an honest node that can withhold blocks.
type holder struct {
	testnet.Honest

	mu   sync.Mutex
	held chan struct{} // closed on release; nil while nothing is held
	slow func() time.Duration
}

// pause waits for the delay of Slow.
func (h *holder) pause() {
	h.mu.Lock()
	var d time.Duration
	if h.slow != nil {
		d = h.slow()
	}
	h.mu.Unlock()
	_ = wait.For(context.Background(), d) // which never ends
}

// CFilters serves filters.
func (h *holder) CFilters(s *testnet.Session, start, end *chainhash.Hash) []testnet.Message {
	h.pause()
	return h.Honest.CFilters(s, start, end)
}

// Block serves a block, after Release if blocks are withheld.
func (h *holder) Block(s *testnet.Session, hash *chainhash.Hash) ([]testnet.Message, bool) {
	h.mu.Lock()
	held := h.held
	h.mu.Unlock()
	if held != nil {
		<-held
	}
	h.pause()
	return h.Honest.Block(s, hash)
}

// Daemon is a syncer with its store, a pool and wallets, on a network of one node.
type Daemon struct {
	*method.Registry
	Node *testnet.Node

	host    *testnet.Host
	holder  *holder
	seed    uint64
	stopped chan struct{}
	once    sync.Once
}

// NewDaemon runs a daemon until the test ends. When it returns, the daemon is synced unless
// its node is unreachable.
func NewDaemon(t testing.TB, cfg DaemonConfig) *Daemon {
	t.Helper()
	c := cfg.Chain
	if c == nil {
		var err error
		if c, err = testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: cfg.Blocks, Plan: cfg.Plan}); err != nil {
			t.Fatal(err)
		}
	}
	network := testnet.NewNetwork(1, nil)
	d := &Daemon{holder: &holder{}, stopped: make(chan struct{})}
	d.Node = testnet.NewNode(testnet.NodeConfig{Chain: c, Behaviour: d.holder})
	d.host = network.Add(PeerAddress, d.Node, link.Shape{})
	if cfg.Unreachable {
		d.host.Partition()
	}
	dir := t.TempDir()
	peers := peer.Config{Connect: []string{PeerAddress}, Dial: network.Dial, RelayTx: cfg.Relay || cfg.Xpub != "", File: filepath.Join(dir, "peers.json")}
	d.Registry = method.NewRegistry(newCore(t, dir, peers, cfg.VerifyVotes, func() { d.once.Do(func() { close(d.stopped) }) }))
	if cfg.Xpub != "" {
		err := d.Core.Wallets.Import(wallet.DefaultName, func(w *wallet.Wallet) error {
			_, err := w.ImportXpub(t.Context(), "default", cfg.Xpub, wallet.AccountOptions{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var g errgroup.Group
	for _, run := range []func(context.Context) error{network.Run, d.Core.Wallets.Run, d.Core.Pool.Run, d.Core.Syncer.Run, d.Core.Votes.Serve} {
		g.Go(func() error { return run(ctx) })
	}
	t.Cleanup(func() {
		d.Release()
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	if !cfg.Unreachable {
		d.Sync(t)
	}
	return d
}

// Connect makes the node reachable.
func (d *Daemon) Connect() { d.host.Heal() }

// Hold makes the node answer no request for a block until Release is called.
func (d *Daemon) Hold() {
	d.holder.mu.Lock()
	defer d.holder.mu.Unlock()
	d.holder.held = make(chan struct{})
}

// Slow makes the node wait before each reply with filters or a block, as long as a function
// says, which is called by one goroutine at a time.
func (d *Daemon) Slow(delay func() time.Duration) {
	d.holder.mu.Lock()
	defer d.holder.mu.Unlock()
	d.holder.slow = delay
}

// Release makes the node answer what was held back.
func (d *Daemon) Release() {
	d.holder.mu.Lock()
	defer d.holder.mu.Unlock()
	if d.holder.held != nil {
		close(d.holder.held)
		d.holder.held = nil
	}
}

// Stopped is closed once the method stop was called.
func (d *Daemon) Stopped() <-chan struct{} { return d.stopped }

// Sync waits until the daemon is synced with the tip of the node, and its wallets with it.
func (d *Daemon) Sync(t testing.TB) {
	t.Helper()
	err := d.Core.Syncer.Wait(t.Context(), func(st spv.Status) bool {
		return st.Synced && st.Tip == d.Node.Chain().Tip()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Grow replaces the last blocks of the node's chain by others, with transactions of a plan,
// and waits until the daemon has followed.
func (d *Daemon) Grow(t testing.TB, takeBack, putOn int, plan testnet.Plan) {
	t.Helper()
	d.seed++
	c := d.Node.Chain()
	d.Node.SetChain(c.Grow(testnet.Branch{At: c.Height() - consensus.Height(takeBack), Blocks: putOn, Seed: 1000 + d.seed, Plan: plan}))
	d.Sync(t)
}

// Owner is an account with its private keys.
type Owner struct {
	t       testing.TB
	account *hdkeychain.ExtendedKey
}

// NewOwner returns an owner whose keys follow from a number.
func NewOwner(t testing.TB, n byte) *Owner {
	t.Helper()
	key, err := hdkeychain.NewMaster(bytes.Repeat([]byte{n}, 32), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	o := &Owner{t: t, account: key}
	const hardened = hdkeychain.HardenedKeyStart
	for _, index := range []uint32{44 + hardened, chaincfg.SimNetParams().SLIP0044CoinType + hardened, hardened} {
		o.account = o.child(o.account, index)
	}
	return o
}

func (o *Owner) child(key *hdkeychain.ExtendedKey, index uint32) *hdkeychain.ExtendedKey {
	o.t.Helper()
	child, err := key.Child(index)
	if err != nil {
		o.t.Fatal(err)
	}
	return child
}

// Xpub returns the extended public key of the account, Xpriv the private one.
func (o *Owner) Xpub() string  { return o.account.Neuter().String() }
func (o *Owner) Xpriv() string { return o.account.String() }

// Address returns an address of the account, and the script that pays to it.
func (o *Owner) Address(branch, index uint32) (string, []byte) {
	o.t.Helper()
	key := o.child(o.child(o.account, branch), index)
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key.SerializedPubKey()), chaincfg.SimNetParams())
	if err != nil {
		o.t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return addr.String(), script
}

// Key returns the private key of an address of the account.
func (o *Owner) Key(branch, index uint32) []byte {
	o.t.Helper()
	key, err := o.child(o.child(o.account, branch), index).SerializedPrivKey()
	if err != nil {
		o.t.Fatal(err)
	}
	return key
}

// Script returns the script that pays to an address of the account.
func (o *Owner) Script(branch, index uint32) []byte {
	o.t.Helper()
	_, script := o.Address(branch, index)
	return script
}
