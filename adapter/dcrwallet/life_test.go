package dcrwallet_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	walleterrors "decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/validate"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

func TestLosingAllPeersIsAState(t *testing.T) {
	town := newTown(t, 50, nil)
	r := town.runAdapter(t, t.TempDir(), seedOf(2))
	r.awaitSynced(t, 1)
	for round := 1; round <= 3; round++ {
		town.host.Stop()
		r.await(t, "the loss of the peer", func() bool { return r.count("synced false") == round })
		if synced, height := r.backend.Synced(t.Context()); synced || height != int32(49+round) {
			t.Errorf("round %d: Synced returns %v and %d without a peer", round, synced, height)
		}
		c := town.node.Chain().Extend(1)
		town.node.SetChain(c)
		town.host.Start()
		r.awaitSynced(t, round+1)
		r.awaitTip(t, c)
	}
}

// TestCallbacks holds the front end's view of a first sync: each stage begins and ends once,
// in order, and the wallet becomes synced once.
func TestCallbacks(t *testing.T) {
	town := newTown(t, 2100, nil)
	r := town.runAdapter(t, t.TempDir(), seedOf(3))
	r.awaitSynced(t, 1)
	r.end(t)
	got := strings.Join(slices.DeleteFunc(r.recorded(), func(e string) bool { return strings.HasPrefix(e, "connected") }), ", ")
	const want = "missing filters, missing filters done, headers, headers done, discovery, discovery done, " +
		"rescan, rescan done, synced true, synced false, disconnected 10.0.0.1:18555: 0"
	if got != want {
		t.Errorf("callbacks:\n%s\nwant:\n%s", got, want)
	}
	if n := r.count("connected 10.0.0.1:18555: 1"); n != 1 {
		t.Errorf("the peer has connected %d times", n)
	}
}

// TestBlockedCallback shows that a callback that does not return delays no block.
func TestBlockedCallback(t *testing.T) {
	town := newTown(t, 30, nil)
	dir := t.TempDir()
	w := openWallet(t, dir, seedOf(4))
	s := seedwallet.NewAdapter(w, town.adapterConfig(filepath.Join(dir, "engine")))
	r := &runner{wallet: w, backend: s, changed: make(chan struct{}, 1)}
	blocked, release := make(chan struct{}), make(chan struct{})
	calls := r.callbacks()
	calls.FetchHeadersStarted = func() { close(blocked); <-release }
	s.SetNotifications(calls)
	tip := w.NtfnServer.MainTipChangedNotifications()
	defer tip.Done()
	r.begin()
	t.Cleanup(func() { r.end(t) })
	<-blocked
	for height := int32(0); height < 30; {
		height = (<-tip.C).NewHeight
	}
	if slices.Contains(r.recorded(), "headers done") {
		t.Error("a callback was called while another one had not returned")
	}
	close(release)
	r.awaitSynced(t, 1)
}

func TestRunAgain(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(5))
	plan := testnet.Plan{}
	plan.Pay(40, scriptOf(t, keys, 0, 0), 5e8)
	town := newTown(t, 50, plan)
	r := town.runAdapter(t, dir, seedOf(5))
	r.awaitSynced(t, 1)
	if err := r.backend.Run(t.Context()); !errors.Is(err, dcrwallet.ErrRunning) {
		t.Errorf("a second Run returned %v", err)
	}
	other := seedwallet.NewAdapter(r.wallet, town.adapterConfig(filepath.Join(dir, "engine")))
	var used *spvd.InUseError
	if err := other.Run(t.Context()); !errors.As(err, &used) {
		t.Errorf("another syncer on the same directory returned %v", err)
	}
	r.end(t)

	// The chain grows while nothing runs, and then loses the payment too.
	town.node.SetChain(town.node.Chain().Extend(30))
	r.begin()
	r.awaitSynced(t, 2)
	r.awaitTip(t, town.node.Chain())
	r.end(t)
	plan = testnet.Plan{}
	plan.Pay(45, scriptOf(t, keys, 0, 1), 3e8)
	town.node.SetChain(town.node.Chain().Grow(testnet.Branch{At: 35, Blocks: 50, Seed: 7, Plan: plan}))
	r.begin()
	r.awaitSynced(t, 3)
	r.awaitTip(t, town.node.Chain())
	r.end(t)
	if s := r.summary(t); s.Accounts[0].Balances.Spendable != 3e8 || s.Accounts[0].Balances.Unconfirmed != 5e8 {
		t.Errorf("after the reorganisation the balances are %+v", s.Accounts[0].Balances)
	}

	// An engine that has nothing yet leaves the wallet's blocks alone.
	town.node.SetChain(town.node.Chain().Extend(1))
	fresh := run(t, r.wallet, seedwallet.NewAdapter(r.wallet, town.adapterConfig(filepath.Join(dir, "other"))))
	fresh.awaitSynced(t, 1)
	fresh.awaitTip(t, town.node.Chain())
}

// TestLockedWallet: a wallet that is locked after New was called is recovered without a
// search for accounts.
func TestLockedWallet(t *testing.T) {
	town := newTown(t, 30, nil)
	dir := t.TempDir()
	w := openWallet(t, dir, seedOf(11))
	s := seedwallet.NewAdapter(w, town.adapterConfig(filepath.Join(dir, "engine")))
	w.Lock()
	r := run(t, w, s)
	r.awaitSynced(t, 1)
}

// TestStopAnywhere stops the syncer after its first callback, then after two more, and so on
// until it has synced meanwhile. Run returns only the error of its context, and the next one
// goes on.
func TestStopAnywhere(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(12))
	plan := testnet.Plan{}
	for i := range consensus.Height(40) {
		plan.Pay(50*i+10, scriptOf(t, keys, 0, uint32(i)), 1e8)
	}
	town := newTown(t, 2100, plan)
	r := town.runAdapter(t, dir, seedOf(12))
	for round, seen := 1, 0; r.count("synced true") == 0; round++ {
		r.await(t, "callbacks", func() bool { return len(r.recorded()) >= seen+round || r.count("synced true") > 0 })
		r.end(t)
		seen = len(r.recorded())
		r.begin()
	}
	r.awaitTip(t, town.node.Chain())
	if s := r.summary(t); s.Accounts[0].Balances.Spendable != 40e8 {
		t.Errorf("the wallet holds %+v", s.Accounts[0].Balances)
	}
}

func TestWrongConfig(t *testing.T) {
	w := openWallet(t, t.TempDir(), seedOf(6))
	for name, test := range map[string]struct {
		cfg  dcrwallet.Config
		want string
	}{
		"no directory":   {dcrwallet.Config{}, "Dir"},
		"a wrong proxy":  {dcrwallet.Config{Dir: t.TempDir(), Proxy: "proxy.example"}, "Proxy"},
		"a wrong peer":   {dcrwallet.Config{Dir: t.TempDir(), Connect: []string{"[::1"}}, "[::1"},
		"two ways to go": {dcrwallet.Config{Dir: t.TempDir(), Proxy: "127.0.0.1:1", Dial: testnet.NewNetwork(1, nil).Dial}, "Dial"},
	} {
		s := dcrwallet.New(w.Wallet, test.cfg)
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Run returned %v, want an error about %s", name, err, test.want)
		}
	}
}

// TestTransactions passes an unmined payment to the wallet and one from it to the node.
func TestTransactions(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(8))
	plan := testnet.Plan{}
	plan.Pay(10, scriptOf(t, keys, 0, 0), 5e8)
	town := newTown(t, 50, plan)
	r := town.runAdapter(t, dir, seedOf(8))
	r.awaitSynced(t, 1)

	paid := wire.NewMsgTx()
	paid.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: town.node.Chain().ID(3).Hash}, 2e8, nil))
	paid.AddTxOut(wire.NewTxOut(1e8, scriptOf(t, keys, 0, 1)))
	strange := paid.Copy()
	strange.TxOut[0].PkScript = scriptOf(t, openWallet(t, dir+"/strange", seedOf(9)), 0, 0)
	town.node.AddTx(strange)
	town.node.AddTx(paid)
	r.await(t, "the unmined payment", func() bool { return r.count("mempool") == 1 })
	if got := r.mempool[0].TxHash(); got != paid.TxHash() {
		t.Errorf("MempoolTxs was called with %v, want %v", got, paid.TxHash())
	}
	if b := r.summary(t).Accounts[0].Balances; b.Unconfirmed != 1e8 || b.Spendable != 5e8 {
		t.Errorf("with an unmined payment the balances are %+v", b)
	}

	out := wire.NewTxOut(2e8, scriptOf(t, keys, 0, 2))
	hash, err := r.wallet.SendOutputs(t.Context(), []*wire.TxOut{out}, 0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	arrived := func() bool {
		return slices.ContainsFunc(town.node.Mempool(), func(tx *wire.MsgTx) bool { return tx.TxHash() == *hash })
	}
	r.poll(t, "the payment at the node", arrived)
}

// TestLateDoubleSpend: what peers relay only after a block that spends the same stays unmined in
// the wallet, on either syncer. The wallet compares it with what is unmined, and keeps no record
// of what others have spent in blocks.
func TestLateDoubleSpend(t *testing.T) {
	dir := t.TempDir()
	keys := openWallet(t, dir+"/keys", seedOf(14))
	plan := testnet.Plan{}
	coin := plan.Pay(10, scriptOf(t, openWallet(t, dir+"/strange", seedOf(15)), 0, 0), 5e8)
	plan.Spend(20, coin, scriptOf(t, keys, 0, 0), 4e8)
	town := newTown(t, 50, plan)
	late := wire.NewMsgTx()
	late.AddTxIn(wire.NewTxIn(&coin, 5e8, nil))
	late.AddTxOut(wire.NewTxOut(3e8, scriptOf(t, keys, 0, 1)))
	ours, theirs := town.runAdapter(t, dir+"/ours", seedOf(14)), town.runReference(t, dir+"/theirs", seedOf(14))
	ours.awaitSynced(t, 1)
	theirs.awaitSynced(t, 1)
	town.node.AddTx(late)
	for _, r := range []*runner{ours, theirs} {
		r.await(t, "the late payment", func() bool { return r.count("mempool") == 1 })
		if b := r.summary(t).Accounts[0].Balances; b.Spendable != 4e8 || b.Unconfirmed != 3e8 {
			t.Errorf("the balances are %+v", b)
		}
	}
}

// TestBackend asks what the wallet asks of its network backend.
func TestBackend(t *testing.T) {
	town := newTown(t, 40, nil)
	dir := t.TempDir()
	w := openWallet(t, dir, seedOf(10))
	s := seedwallet.NewAdapter(w, town.adapterConfig(filepath.Join(dir, "engine")))
	tip := town.node.Chain().Tip().Hash
	if _, err := s.Blocks(t.Context(), []*chainhash.Hash{&tip}); !walleterrors.Is(err, walleterrors.NoPeers) {
		t.Errorf("Blocks before Run: %v", err)
	}
	if ctx, done := s.WrapContext(t.Context()); ctx.Err() == nil {
		t.Error("WrapContext before Run returns a context that has not ended")
	} else {
		done()
	}
	r := run(t, w, s)
	r.await(t, "Run", func() bool { return r.count("missing filters") == 1 })
	inner, done := s.WrapContext(t.Context())
	defer done()

	// The requests wait until the engine has the blocks.
	var hashes []*chainhash.Hash
	for h := consensus.Height(1); h <= 40; h++ {
		id := town.node.Chain().ID(h)
		hashes = append(hashes, &id.Hash)
	}
	blocks, err := s.Blocks(t.Context(), hashes)
	if err != nil {
		t.Fatal(err)
	}
	filters, err := s.CFiltersV2(t.Context(), hashes)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range blocks {
		if b.BlockHash() != *hashes[i] {
			t.Errorf("block %d is %v, want %v", i+1, b.BlockHash(), hashes[i])
		}
		f := filters[i]
		if err := validate.CFilterV2HeaderCommitment(wire.SimNet, &b.Header, f.Filter, f.ProofIndex, f.Proof); err != nil {
			t.Errorf("filter %d: %v", i+1, err)
		}
	}
	r.awaitSynced(t, 1)
	unknown := []*chainhash.Hash{{1}}
	if _, err := s.Blocks(t.Context(), unknown); !walleterrors.Is(err, walleterrors.NotExist) {
		t.Errorf("an unknown block: %v", err)
	}
	if _, err := s.CFiltersV2(t.Context(), unknown); !walleterrors.Is(err, walleterrors.NotExist) {
		t.Errorf("the filter of an unknown block: %v", err)
	}
	if err := s.Rescan(t.Context(), []chainhash.Hash{{1}}, nil); !walleterrors.Is(err, walleterrors.NotExist) {
		t.Errorf("a rescan of an unknown block: %v", err)
	}
	peers := s.GetRemotePeers()
	if p := peers[nodeAddr]; len(peers) != 1 || p.RemoteAddr().String() != nodeAddr || p.InitialHeight() != 40 || p.Pver() == 0 {
		t.Errorf("peers are %v", peers)
	}
	if inner.Err() != nil {
		t.Error("the context of WrapContext has ended while Run runs")
	}
	r.end(t)
	if inner.Err() == nil {
		t.Error("the context of WrapContext has not ended with Run")
	}
	if _, err := w.NetworkBackend(); !walleterrors.Is(err, walleterrors.NoPeers) {
		t.Errorf("after Run the wallet's network backend is %v", err)
	}
}
