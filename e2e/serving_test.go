package e2e

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/refwallet"
)

// testServing: dcrwallet in SPV mode, with a daemon as its only peer, syncs, is paid, pays through
// the daemon, and follows blocks and a reorganisation; restored from its seed it finds everything
// in old blocks. In the end it holds what a wallet of the same seed holds whose only peer is the
// real node. A second daemon does the same.
func (s *stage) testServing(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA := s.newMiner(t, a)
	first := s.startDaemonWith(t, t.TempDir(), []string{"--listen=127.0.0.1:0"}, a.Addr())
	awaitTip(t, first, a)
	at := servedAt(t, first)

	who := newSpender(t)
	second := s.newDaemon(t, at)
	if err := second.Call(deadline(t), "importpubkey", nil, hex.EncodeToString(who.pub())); err != nil {
		t.Fatal(err)
	}
	sameChain(t, second, a, awaitTip(t, second, a).Tip.Height-chainHeight)

	w := s.startSPV(t, 1, at)
	w.awaitBalance(t, a, 0)
	const coins = 7
	for range coins {
		w.isPaid(t, minerA, 1e8)
	}
	paid, err := minerA.Pay(t.Context(), who.script, 5_000_000)
	if err != nil {
		t.Fatal(err)
	}
	extend(t, minerA, 2)
	w.awaitBalance(t, a, coins)
	awaitTip(t, second, a)
	awaitTx(t, second, paid, "confirmed", isConfirmed)

	// Both pay through the first daemon: the node gets the transactions, and mines them.
	hash := w.pays(t, 2)
	awaitPool(t, a, hash)
	spend := who.spend(paid, 0, 5_000_000, 3_000_000)
	publish(t, second, spend)
	awaitPool(t, a, spend.TxHash())
	extend(t, minerA, 1)
	w.awaitConfirmed(t, a, hash)
	awaitTx(t, second, spend.TxHash(), "mined", isConfirmed)

	// Another branch wins: two blocks go, among them that of a payment.
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, b, a)
	if err := a.Unlink(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.isPaid(t, minerA, 1e8)
	extend(t, minerA, 2)
	w.awaitTip(t, a)
	extend(t, s.newMiner(t, b), 4)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	w.awaitTip(t, a)
	if st := awaitTip(t, second, a); st.LastReorg == nil || st.LastReorg.Depth != 2 {
		t.Errorf("the second daemon has seen the reorganisation %+v", st.LastReorg)
	}
	extend(t, minerA, 2)
	w.awaitTip(t, a)

	restored, judge := s.startSPV(t, 1, at), s.startSPV(t, 1, a.Addr())
	want := judge.holds(t, a)
	if !strings.HasPrefix(want, "4.99") {
		t.Errorf("with the real node as its peer a wallet holds\n%s", want)
	}
	for name, wallet := range map[string]*spvWallet{"that has followed": w, "restored from its seed": restored} {
		if got := wallet.holds(t, a); got != want {
			t.Errorf("the wallet %s holds\n%s\nwith the real node as its peer it holds\n%s", name, got, want)
		}
	}
	shown := serving(t, first)
	if shown.Accepted < 3 || shown.Blocks == 0 || shown.Fetched == 0 || shown.Transactions < 2 || shown.Refused > 0 {
		t.Errorf("served: %+v", shown)
	}
	t.Logf("served %d connections %d bytes and %d blocks, of which %d were fetched, and %d transactions passed on",
		shown.Accepted, shown.BytesSent, shown.Blocks, shown.Fetched, shown.Transactions)
}

// servingInfo is what getservinginfo shows.
type servingInfo struct {
	Listeners    []struct{ Bound string }
	Accepted     int
	Refused      int
	BytesSent    int
	Blocks       int
	Fetched      int `json:"blocksfetched"`
	Transactions int
}

// serving asks a daemon about the clients that it serves.
func serving(t *testing.T, d *daemon.Daemon) (info servingInfo) {
	t.Helper()
	if err := d.Call(deadline(t), "getservinginfo", &info); err != nil {
		t.Fatal(err)
	}
	return info
}

// servedAt returns the address at which a daemon serves light clients.
func servedAt(t *testing.T, d *daemon.Daemon) string {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if list := serving(t, d).Listeners; len(list) == 1 && list[0].Bound != "" {
			return list[0].Bound
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it serves no client\n%s", d.Output())
		}
	}
}

// spvWallet is a dcrwallet in SPV mode.
type spvWallet struct{ *refwallet.Wallet }

// startSPV runs a dcrwallet of a seed with one peer until the test ends.
func (s *stage) startSPV(t *testing.T, seed byte, peer string) *spvWallet {
	t.Helper()
	sum := chainhash.HashB([]byte{seed})
	w, err := refwallet.Start(t.Context(), refwallet.Config{Program: s.reference, Dir: t.TempDir(), Seed: sum, Peers: []string{peer}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if t.Failed() {
			t.Logf("the log of dcrwallet:\n%s", w.Output())
		}
		_ = w.Stop(ctx) // it has no state that matters
	})
	return &spvWallet{w}
}

// until asks the wallet until the answer is as it should be.
func (w *spvWallet) until(t *testing.T, what string, is func(ctx context.Context) error) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := is(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("dcrwallet: %s: %v", what, err)
		}
	}
}

// awaitTip waits until the wallet is synced at the node's tip.
func (w *spvWallet) awaitTip(t *testing.T, n *node.Node) {
	t.Helper()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.until(t, "follow the node", func(ctx context.Context) error {
		var best struct{ Hash string }
		var sync struct{ Synced bool }
		if err := errors.Join(w.Call(ctx, "getbestblock", &best), w.Call(ctx, "syncstatus", &sync)); err != nil {
			return err
		}
		if best.Hash != tip.Hash.String() || !sync.Synced {
			return fmt.Errorf("it is at %s, synced %v; the node is at %v", best.Hash, sync.Synced, tip.Hash)
		}
		return nil
	})
}

// awaitBalance waits until the wallet is synced at the node's tip, with so many coins.
func (w *spvWallet) awaitBalance(t *testing.T, n *node.Node, coins float64) {
	t.Helper()
	w.awaitTip(t, n)
	w.until(t, "find the payments", func(ctx context.Context) error {
		var balance struct{ CumulativeTotal float64 }
		if err := w.Call(ctx, "getbalance", &balance); err != nil {
			return err
		}
		if balance.CumulativeTotal != coins {
			return fmt.Errorf("it holds %v, want %v", balance.CumulativeTotal, coins)
		}
		return nil
	})
}

// awaitConfirmed waits until the wallet is synced at the node's tip, and shows a transaction as
// mined.
func (w *spvWallet) awaitConfirmed(t *testing.T, n *node.Node, hash chainhash.Hash) {
	t.Helper()
	w.awaitTip(t, n)
	w.until(t, "find its transaction", func(ctx context.Context) error {
		var tx struct{ Confirmations int }
		if err := w.Call(ctx, "gettransaction", &tx, hash.String()); err != nil {
			return err
		}
		if tx.Confirmations < 1 {
			return errors.New("it is unmined")
		}
		return nil
	})
}

// isPaid has a miner pay to a new address of the wallet.
func (w *spvWallet) isPaid(t *testing.T, m *miner.Miner, atoms int64) {
	t.Helper()
	var text string
	if err := w.Call(deadline(t), "getnewaddress", &text); err != nil {
		t.Fatal(err)
	}
	addr, err := stdaddr.DecodeAddress(text, chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	if _, err := m.Pay(t.Context(), script, atoms); err != nil {
		t.Fatal(err)
	}
}

// pays has the wallet pay so many coins to a miner.
func (w *spvWallet) pays(t *testing.T, coins float64) chainhash.Hash {
	t.Helper()
	to, err := miner.Address()
	if err != nil {
		t.Fatal(err)
	}
	var id string
	if err := w.Call(deadline(t), "sendtoaddress", &id, to, coins); err != nil {
		t.Fatal(err)
	}
	hash, err := chainhash.NewHashFromStr(id)
	if err != nil {
		t.Fatal(err)
	}
	return *hash
}

// holds returns what the wallet holds at the node's tip: its confirmed balance, and each coin.
// dcrwallet counts an unmined payment for good whose block was left for one that spends its input
// otherwise.
func (w *spvWallet) holds(t *testing.T, n *node.Node) string {
	t.Helper()
	w.awaitTip(t, n)
	var balance struct{ TotalSpendable float64 }
	var coins []json.RawMessage
	ctx := deadline(t)
	if err := errors.Join(w.Call(ctx, "getbalance", &balance), w.Call(ctx, "listunspent", &coins)); err != nil {
		t.Fatal(err)
	}
	lines := []string{fmt.Sprintf("%v DCR in %d coins", balance.TotalSpendable, len(coins))}
	for _, c := range coins {
		lines = append(lines, string(c))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}
