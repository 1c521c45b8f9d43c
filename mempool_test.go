package spvd_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// waiting is a client of nodes in whose mempools payments wait.
type waiting struct {
	*testing.T
	holder *holder // the behaviour of all nodes
	nodes  []*testnet.Node
	client *spvd.Client
	wallet *wallet.Wallet

	mu     sync.Mutex
	polled map[*testnet.Session][]time.Time // when each connection was asked for the mempool
	chance uint32
}

// holder is the behaviour of an honest node that may withhold blocks.
type holder struct {
	testnet.Honest
	withholds atomic.Bool
}

// Block serves a block unless it is withheld.
func (h *holder) Block(s *testnet.Session, hash *chainhash.Hash) ([]testnet.Message, bool) {
	if h.withholds.Load() {
		return nil, true
	}
	return h.Honest.Block(s, hash)
}

// inWaiting runs a test of a client that has followed a chain for five minutes, of so many
// nodes. Watched are the addresses that it watches from the start.
func inWaiting(t *testing.T, nodes int, plan testnet.Plan, watched []stdaddr.Address, test func(w *waiting)) {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 60, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		_ = wait.Until(t.Context(), c.Now())
		w := &waiting{T: t, holder: new(holder), polled: make(map[*testnet.Session][]time.Time)}
		network := testnet.NewNetwork(1, nil)
		var connect []string
		for n := range nodes {
			node := testnet.NewNode(testnet.NodeConfig{Chain: c, Behaviour: w.holder, Trace: func(e testnet.Event) {
				if e.In && e.Command == wire.CmdMemPool {
					w.mu.Lock()
					defer w.mu.Unlock()
					w.polled[e.Session] = append(w.polled[e.Session], time.Now())
				}
			}})
			addr := fmt.Sprintf("10.%d.0.1:18555", n+1)
			network.Add(addr, node, link.Shape{Latency: 5 * time.Millisecond})
			w.nodes, connect = append(w.nodes, node), append(connect, addr)
		}
		defer running(t, network.Run)()
		cfg := spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet, Connect: connect, Dial: network.Dial}
		if w.client, err = spvd.Open(cfg); err != nil {
			t.Fatal(err)
		}
		defer w.client.Close()
		if w.wallet, err = w.client.Wallets().Make(wallet.DefaultName); err != nil {
			t.Fatal(err)
		}
		for _, addr := range watched {
			w.importAddress(addr)
		}
		defer running(t, w.client.Run)()
		w.pass(5 * time.Minute)
		test(w)
		w.mustBePatient()
	})
}

func (w *waiting) pass(d time.Duration) {
	_ = wait.For(w.Context(), d)
	synctest.Wait()
}

// pay puts a payment into all mempools, and has the client hear of it.
func (w *waiting) pay(addr stdaddr.Address, amount int64) chainhash.Hash {
	w.chance++
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{7}, Index: w.chance}, amount+1e6, make([]byte, 107)))
	_, script := addr.PaymentScript()
	tx.AddTxOut(wire.NewTxOut(amount, script))
	for _, n := range w.nodes {
		n.AddTx(tx)
	}
	return tx.TxHash()
}

// importAddress imports an address whose payments count from the next block on.
func (w *waiting) importAddress(addr stdaddr.Address) {
	w.Helper()
	if err := w.wallet.ImportAddress(w.Context(), addr.String(), "", &wallet.Birthday{}); err != nil {
		w.Fatal(err)
	}
}

// importXpub imports the account of xpub.
func (w *waiting) importXpub() {
	w.Helper()
	if _, err := w.wallet.ImportXpub(w.Context(), "account", xpub, wallet.AccountOptions{}); err != nil {
		w.Fatal(err)
	}
}

// mustShow demands that the wallet has a transaction.
func (w *waiting) mustShow(when string, hash chainhash.Hash) {
	w.Helper()
	if _, err := w.wallet.Transaction(w.Context(), hash); err != nil {
		w.Errorf("%s: a payment in the mempools does not show: %v", when, err)
	}
}

// mustBePatient demands that no peer was asked for its mempool twice in two minutes.
func (w *waiting) mustBePatient() {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, at := range w.polled {
		for i := 1; i < len(at); i++ {
			if at[i].Sub(at[i-1]) < 2*time.Minute {
				w.Errorf("a peer was asked for its mempool at %v", at)
			}
		}
	}
}

// foreign returns an address that is not of xpub.
func foreign(n byte) stdaddr.Address {
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(append(make([]byte, 19), n), chaincfg.SimNetParams())
	if err != nil {
		panic(err)
	}
	return addr
}

// addressOf returns an external address of xpub.
func addressOf(index uint32) stdaddr.Address {
	net := chaincfg.SimNetParams()
	key, err := hdkeychain.NewKeyFromString(xpub, net)
	for _, i := range []uint32{0, index} {
		if err == nil {
			key, err = key.Child(i)
		}
	}
	if err != nil {
		panic(err)
	}
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key.SerializedPubKey()), net)
	if err != nil {
		panic(err)
	}
	return addr
}

// TestPaymentBeforeImport: a payment that was in the mempools of the peers before its
// address was watched shows within seconds of the import, though the client has fetched
// it before, when it concerned no wallet, and has asked peers for their mempools.
func TestPaymentBeforeImport(t *testing.T) {
	t.Parallel()
	const seconds = 5 * time.Second
	watched := []stdaddr.Address{foreign(200)}
	t.Run("address", func(t *testing.T) {
		inWaiting(t, 8, nil, watched, func(w *waiting) {
			for n := range byte(4) { // of which each import asks two more peers
				hash := w.pay(foreign(n), 1e8)
				w.pass(time.Second)
				w.importAddress(foreign(n))
				w.pass(seconds)
				w.mustShow(fmt.Sprintf("import %d", n), hash)
			}
		})
	})
	t.Run("xpub", func(t *testing.T) {
		inWaiting(t, 8, nil, watched, func(w *waiting) {
			hash := w.pay(addressOf(7), 1e8)
			w.pass(time.Second)
			w.importXpub()
			w.pass(seconds)
			w.mustShow("import", hash)
		})
	})
	t.Run("window that a search extends", func(t *testing.T) {
		plan := testnet.Plan{}
		for i, h := range []uint32{15, 30, 50} {
			_, script := addressOf(h).PaymentScript()
			plan.Pay(consensus.Height(10+10*i), script, 1e8)
		}
		inWaiting(t, 8, plan, watched, func(w *waiting) {
			hash := w.pay(addressOf(65), 1e8)
			w.pass(time.Second)
			w.importXpub()
			w.pass(seconds)
			w.mustShow("import", hash)
		})
	})
	t.Run("gap limit", func(t *testing.T) {
		inWaiting(t, 8, nil, watched, func(w *waiting) {
			w.importXpub()
			w.pass(seconds)
			hash := w.pay(addressOf(120), 1e8)
			w.pass(time.Second)
			if err := w.wallet.SetGapLimit(w.Context(), 100); err != nil {
				w.Fatal(err)
			}
			w.pass(seconds)
			w.mustShow("gap limit", hash)
		})
	})
	t.Run("first import", func(t *testing.T) {
		inWaiting(t, 8, nil, nil, func(w *waiting) {
			hash := w.pay(foreign(1), 1e8)
			w.pass(time.Second)
			w.importAddress(foreign(1))
			w.pass(seconds)
			w.mustShow("import", hash)
		})
	})
	t.Run("opened wallet", func(t *testing.T) {
		inWaiting(t, 8, nil, watched, func(w *waiting) {
			w.importAddress(foreign(1))
			if err := w.client.Wallets().CloseWallet(wallet.DefaultName); err != nil {
				w.Fatal(err)
			}
			other, err := w.client.Wallets().Make("other")
			if err != nil {
				w.Fatal(err)
			}
			if err := other.ImportAddress(w.Context(), foreign(9).String(), "", nil); err != nil {
				w.Fatal(err)
			}
			w.pass(seconds)
			hash := w.pay(foreign(1), 1e8)
			w.pass(time.Second)
			if w.wallet, err = w.client.Wallets().Open(wallet.DefaultName); err != nil {
				w.Fatal(err)
			}
			w.pass(seconds)
			w.mustShow("opened", hash)
		})
	})
	t.Run("one peer", func(t *testing.T) {
		inWaiting(t, 1, nil, watched, func(w *waiting) {
			var paid []chainhash.Hash
			for n := range byte(5) {
				paid = append(paid, w.pay(foreign(n), 1e8))
			}
			w.pass(time.Second)
			for n := range byte(5) {
				w.importAddress(foreign(n))
				w.pass(seconds)
			}
			w.mustShow("import", paid[0])
			w.pass(2 * time.Minute)
			for _, hash := range paid { // once the pause has ended
				w.mustShow("import in the pause", hash)
			}
		})
	})
}

// TestPaymentDuringARescan: while a rescan of old blocks goes on, for which blocks are slow to
// come, peers announce a payment. It shows when the rescan has ended, from the connections
// that have announced it and announce nothing twice.
func TestPaymentDuringARescan(t *testing.T) {
	t.Parallel()
	plan := testnet.Plan{}
	_, script := foreign(200).PaymentScript()
	plan.Pay(10, script, 1e8)
	inWaiting(t, 2, plan, []stdaddr.Address{foreign(200)}, func(w *waiting) {
		w.holder.withholds.Store(true)
		if _, err := w.wallet.StartRescan(w.Context(), 0); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Second)
		hash := w.pay(foreign(200), 1e8)
		w.pass(time.Second)
		if phase := w.client.Sync().Status().Phase; phase != spv.Rescanning {
			w.Fatalf("the phase is %v", phase)
		}
		w.holder.withholds.Store(false)
		w.pass(30 * time.Second)
		if phase := w.client.Sync().Status().Phase; phase != spv.Following {
			w.Fatalf("the phase is %v", phase)
		}
		w.mustShow("after the rescan", hash)
	})
}
