package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// actor is a wallet to which things happen.
type actor struct {
	*testing.T
	*rpctest.Daemon
	owner   *rpctest.Owner
	address string
	paid    int // payments so far, each to another amount
}

// startActor runs a daemon with a wallet on a chain of some blocks.
func startActor(t *testing.T, blocks int) *actor {
	t.Helper()
	a := &actor{T: t, owner: rpctest.NewOwner(t, 1)}
	a.Daemon = rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: blocks, Xpub: a.owner.Xpub()})
	a.address, _ = rpctest.Start(t, rpctest.Config(a.Registry))
	return a
}

// wallet returns the wallet.
func (a *actor) wallet() *wallet.Wallet {
	a.Helper()
	w, err := a.Core.Wallets.Wallet(wallet.DefaultName)
	if err != nil {
		a.Fatal(err)
	}
	return w
}

// relay has the node announce an unmined payment, and waits until the wallet has it. It returns
// the hash.
func (a *actor) relay() string {
	a.Helper()
	a.paid++
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{byte(a.paid), byte(a.paid >> 8), 7}}, 1e8, make([]byte, 107)))
	tx.AddTxOut(wire.NewTxOut(int64(1e6+a.paid), a.owner.Script(0, uint32(a.paid%15))))
	changed := a.Core.Wallets.Watch(a.Context())
	a.Node.AddTx(tx)
	for {
		if _, err := a.wallet().Transaction(a.Context(), tx.TxHash()); err == nil {
			return tx.TxHash().String()
		}
		select {
		case <-changed:
		case <-time.After(patience):
			a.Fatal("the wallet does not get a transaction that the node announces")
		}
	}
}

// mine puts blocks on the chain, the last of which has a payment. It returns the hash.
func (a *actor) mine(blocks int) string {
	a.Helper()
	a.paid++
	plan := testnet.Plan{}
	op := plan.Pay(a.Node.Chain().Height()+consensus.Height(blocks), a.owner.Script(0, uint32(a.paid%15)), int64(1e6+a.paid))
	a.Grow(a, 0, blocks, plan)
	return op.Hash.String()
}

// rescan searches all blocks again, and waits for the end or gives it up while the node holds
// back the first block that pays.
func (a *actor) rescan(cancel bool) {
	a.Helper()
	if cancel {
		a.Hold()
		defer a.Release()
	}
	id, err := a.wallet().StartRescan(a.Context(), 0)
	if err != nil {
		a.Fatal(err)
	}
	if cancel {
		_ = a.wallet().CancelJob(a.Context(), id) // unless it is over already
		return
	}
	for range a.Core.Syncer.Changes(a.Context(), 0) {
		over := true
		for _, j := range a.wallet().Jobs(a.Node.Chain().Height(), true) {
			over = over && j.Over()
		}
		if over {
			return
		}
	}
}

// abandon forgets the unmined transactions.
func (a *actor) abandon() {
	a.Helper()
	for hash, block := range a.listed() {
		if block != "" {
			continue
		}
		tx, err := a.wallet().Transaction(a.Context(), mustHash(a, hash))
		if err != nil || tx.Mined() {
			continue
		}
		if err := a.wallet().Abandon(a.Context(), tx.Hash); err != nil {
			a.Fatal(err)
		}
	}
}

// listed returns the transactions of the wallet and the blocks of those that are mined.
func (a *actor) listed() map[string]string {
	a.Helper()
	list := make(map[string]string)
	err := a.wallet().EachTransaction(a.Context(), wallet.HistoryFilter{}, func(tx *wallet.Transaction) bool {
		list[tx.Hash.String()] = ""
		if tx.Mined() {
			list[tx.Hash.String()] = tx.Block.String()
		}
		return true
	})
	if err != nil {
		a.Fatal(err)
	}
	return list
}

// listener is a client that keeps a copy of a wallet's transactions by its
// notifications them: the block of each, or nothing while it is not mined.
type listener struct {
	*testing.T
	topic  string
	client *wsrpc.Client
	news   notifier
	cursor string
	copied map[string]string
	gap    bool // all has to be read again
	events []api.WalletEvent
}

// listen subscribes after a cursor.
func listen(t *testing.T, address, topic, cursor string) *listener {
	t.Helper()
	return listenTo(t, address, topic, cursor)
}

// listenTo subscribes with parameters behind the topic.
func listenTo(t *testing.T, address, topic string, params ...any) *listener {
	t.Helper()
	l := &listener{T: t, topic: topic, news: make(notifier, 1000), copied: make(map[string]string)}
	c, err := wsrpc.Dial(t.Context(), "ws://"+address+"/ws",
		wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithNotifier(l.news))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l.client = c
	var sub api.Subscription
	if err := c.Call(t.Context(), "subscribe", &sub, append([]any{topic}, params...)...); err != nil {
		t.Fatal(err)
	}
	l.cursor = sub.Cursor
	return l
}

// until takes events until a condition holds.
func (l *listener) until(what string, done func() bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		select {
		case params := <-l.news:
			var evs []api.WalletEvent
			if err := json.Unmarshal(params, &evs); err != nil || len(evs) != 1 {
				l.Fatalf("notification %s: %v", params, err)
			}
			l.apply(&evs[0])
		case <-ctx.Done():
			l.Fatalf("%s: never; the copy is %v", what, l.copied)
		}
	}
}

// apply takes over an event.
func (l *listener) apply(ev *api.WalletEvent) {
	l.Helper()
	l.events = append(l.events, *ev)
	if (ev.Cursor == "") != ev.More {
		l.Errorf("an event has cursor %q, more %v", ev.Cursor, ev.More)
	}
	if ev.Cursor != "" {
		l.cursor = ev.Cursor
	}
	l.gap = l.gap || ev.Gap
	for _, b := range ev.Disconnected {
		for tx, block := range l.copied {
			if block == b.Hash {
				delete(l.copied, tx)
			}
		}
	}
	for _, tx := range ev.Removed {
		delete(l.copied, tx)
	}
	for _, tx := range ev.Transactions {
		l.copied[tx.TxID] = tx.BlockHash
	}
	for _, c := range ev.Confirmations {
		l.copied[c.TxID] = fmt.Sprint(c.Confirmations)
	}
	for _, s := range ev.Spends {
		l.copied[s.SpentBy] = s.BlockHash
	}
}

// same waits until the copy is that of the wallet, which is read after a gap: while a
// client was away, the chain may have gone back further than a cursor reaches.
func (l *listener) same(a *actor) {
	l.Helper()
	l.until("the wallet's transactions", func() bool {
		list := a.listed()
		if l.gap {
			l.gap = false
			l.copied = list
		}
		return maps.Equal(list, l.copied)
	})
}

// TestPropertyAListenerHasTheTransactions lets things happen to a wallet at random under clients
// that come and go: each has the same transactions in the same blocks in the end.
func TestPropertyAListenerHasTheTransactions(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		a := startActor(t, 20)
		l := listen(t, a.address, api.TopicTransactions, "")
		for range 30 {
			switch random.IntN(9) {
			case 0, 1:
				a.relay()
			case 2, 3:
				a.mine(1)
			case 4:
				a.Grow(t, 0, 1+random.IntN(10), nil)
			case 5:
				grow(t, a.Daemon, random)
			case 6:
				a.abandon()
			case 7:
				a.rescan(random.IntN(2) == 0)
			case 8:
				l.same(a)
				l.client.Close()
				if random.IntN(3) == 0 {
					a.rescan(true)
				}
				a.mine(1 + random.IntN(3))
				again := listen(t, a.address, api.TopicTransactions, l.cursor)
				again.copied, again.gap = l.copied, l.gap
				maps.DeleteFunc(again.copied, func(_, block string) bool { return block == "" }) // is sent again
				l = again
			}
		}
		l.same(a)
		l.client.Close()
	}
}

// TestAReorganisationDuringARescanIsSent: while the wallet searches old blocks the place of a client
// is below blocks that the client knows. They are sent as disconnected all the same, also to a
// client that comes back with a cursor of that time.
func TestAReorganisationDuringARescanIsSent(t *testing.T) {
	a := startActor(t, 20)
	l := listen(t, a.address, api.TopicTransactions, "")
	a.mine(1)
	l.same(a)
	old := a.Node.Chain().Tip()
	a.Hold()
	defer a.Release()
	if _, err := a.wallet().StartRescan(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	l.until("the place goes back", func() bool { return !strings.HasPrefix(l.cursor, fmt.Sprint(old.Height)) })
	away := l.cursor
	c := a.Node.Chain()
	a.Node.SetChain(c.Grow(testnet.Branch{At: old.Height - 1, Blocks: 3, Seed: 99}))
	err := a.Core.Syncer.Wait(t.Context(), func(st spv.Status) bool { return st.Tip == a.Node.Chain().Tip() })
	if err != nil {
		t.Fatal(err)
	}
	a.Release()
	told := func(l *listener) func() bool {
		return func() bool {
			return slices.ContainsFunc(l.events, func(ev api.WalletEvent) bool {
				return slices.ContainsFunc(ev.Disconnected, func(b api.BlockID) bool { return b.Hash == old.Hash.String() })
			})
		}
	}
	l.until("the block is disconnected", told(l))
	again := listen(t, a.address, api.TopicTransactions, away)
	again.until("the block is disconnected for a client that comes back", told(again))
}

// TestConfirmationsUpToTheDepth follows one transaction.
// TestWhatAnImportHasFoundMeanwhileIsSent imports addresses while a client is away: what the
// search of old blocks has found by the time that it comes back is news for it.
func TestWhatAnImportHasFoundMeanwhileIsSent(t *testing.T) {
	a := startActor(t, 20)
	for n, topic := range []string{api.TopicTransactions, api.TopicConfirmations} {
		other := rpctest.NewOwner(t, byte(2+n))
		address, script := other.Address(0, 3)
		plan := testnet.Plan{}
		found := plan.Pay(a.Node.Chain().Height()+1, script, 5e6).Hash.String()
		a.Grow(a, 0, 9, plan)
		l := listen(t, a.address, topic, "")
		mined := a.mine(2)
		l.until("the new block", func() bool { return l.copied[mined] != "" })
		l.client.Close()
		if err := a.wallet().ImportAddress(t.Context(), address, "", nil); err != nil {
			t.Fatal(err)
		}
		running := func(j wallet.Job) bool { return !j.Over() }
		for range a.Core.Syncer.Changes(t.Context(), 0) {
			jobs := a.wallet().Jobs(a.Node.Chain().Height(), true)
			if !slices.ContainsFunc(jobs, running) {
				break
			}
		}
		if _, ok := a.listed()[found]; !ok {
			t.Fatal("the import has found nothing")
		}
		again := listen(t, a.address, topic, l.cursor)
		again.until("what the import has found for "+topic, func() bool { return again.copied[found] != "" })
	}
}

// TestABlockRewardThatIsVoidIsSent has the votes of a block make a reward void, and a
// reorganisation make it good again.
func TestABlockRewardThatIsVoidIsSent(t *testing.T) {
	for _, topic := range []string{api.TopicTransactions, api.TopicConfirmations} {
		a := startActor(t, 150)
		_, script := a.owner.Address(0, 3)
		reward := wire.NewMsgTx()
		reward.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex}, 0, []byte{0, 0}))
		reward.AddTxOut(wire.NewTxOut(0, []byte{txscript.OP_RETURN, 4, 21, 0, 0, 0}))
		reward.AddTxOut(wire.NewTxOut(3e8, script))
		hash := reward.TxHash().String()
		l := listenTo(t, a.address, topic)
		a.Grow(a, 0, 1, testnet.Plan{a.Node.Chain().Height() + 1: {{Msg: reward, Coinbase: true}}})
		told := func(confirmations int64) func() bool {
			return func() bool {
				last := int64(-1)
				for _, ev := range l.events {
					for _, tx := range ev.Transactions {
						if tx.TxID == hash {
							last = tx.Confirmations
						}
					}
					for _, c := range ev.Confirmations {
						if c.TxID == hash {
							last = c.Confirmations
						}
					}
				}
				return last == confirmations
			}
		}
		l.until("the reward", told(1))
		at := a.Node.Chain().Height()
		a.Node.SetChain(a.Node.Chain().Grow(testnet.Branch{At: at, Blocks: 1, Seed: 5, Disapproves: true}))
		l.until("the reward is void", told(0))
		a.Node.SetChain(a.Node.Chain().Grow(testnet.Branch{At: at, Blocks: 2, Seed: 6}))
		l.until("the reward is good again", told(3))
	}
}

func TestConfirmationsUpToTheDepth(t *testing.T) {
	a := startActor(t, 20)
	l := listen(t, a.address, api.TopicConfirmations, "")
	loose := a.relay()
	l.until("no confirmation", func() bool { return l.copied[loose] == "0" })
	a.abandon()
	l.until("gone", func() bool { _, ok := l.copied[loose]; return !ok })
	tx := a.mine(1)
	for n := 2; n <= 6; n++ {
		a.Grow(t, 0, 1, nil)
		l.until(fmt.Sprintf("%d confirmations", n), func() bool { return l.copied[tx] == fmt.Sprint(n) })
	}
	other := a.mine(1)
	l.until("the other one", func() bool { return l.copied[other] == "1" })
	if n := l.copied[tx]; n != "6" {
		t.Errorf("after the sixth confirmation there are %s", n)
	}
	cursor := l.cursor
	a.Grow(t, 8, 9, nil)
	l.until("taken back", func() bool { return l.copied[tx] == "0" && l.copied[other] == "0" })
	again := listen(t, a.address, api.TopicConfirmations, cursor)
	again.until("taken back", func() bool { return len(again.events) > 0 })
	if ev := again.events[0]; ev.Gap || len(ev.Disconnected) != 8 {
		t.Errorf("a client that comes back after a reorganisation of 8 blocks gets %+v", ev)
	}
}

// TestManyTransactionsComeInParts has more of them than one notification holds, all of the same
// block, and two clients: the same messages are sent to both.
func TestManyTransactionsComeInParts(t *testing.T) {
	a := startActor(t, 20)
	plan := testnet.Plan{}
	for i := range 250 {
		plan.Pay(21, a.owner.Script(0, uint32(i%15)), int64(1e6+i))
	}
	l := listen(t, a.address, api.TopicTransactions, "")
	spends := listen(t, a.address, api.TopicSpends, "")
	a.Grow(t, 0, 1, plan)
	l.same(a)
	if len(l.events) != 3 || !l.events[0].More || l.events[2].More {
		t.Errorf("250 transactions came in %d notifications", len(l.events))
	}
	if len(spends.events) != 0 {
		t.Errorf("payments are sent as spends: %+v", spends.events)
	}
}

// TestAWalletTopicRefusesWhatItCannotDo holds each refusal to a sentence.
func TestAWalletTopicRefusesWhatItCannotDo(t *testing.T) {
	conn := mustDialWS(t, startActor(t, 20).address)
	for params, want := range map[string]string{
		`["transactions","x"]`:           "the cursor is none",
		`["transactions","5:00"]`:        "the cursor is none",
		`["confirmations","",0]`:         "depth is 0, it must be 1 to 1000",
		`["confirmations","",1001]`:      "depth is 1001",
		`["balances"]`:                   "there is no topic balances",
		`{"topic":"spends","depth":1.5}`: "not of type integer",
	} {
		got := exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":`+params+`,"id":1}`)
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", params, got)
		}
	}
}

// TestJobsAreSentWhenTheyChange follows a rescan to its end, and another that is canceled.
func TestJobsAreSentWhenTheyChange(t *testing.T) {
	a := startActor(t, 20)
	a.mine(1)
	conn := mustDialWS(t, a.address)
	if got := exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":["jobs"],"id":1}`); !strings.Contains(got, `"cursor":"1"`) {
		t.Error(got)
	}
	until := func(cursor, state string) {
		t.Helper()
		for {
			var n struct {
				Method string
				Params []api.JobsEvent
			}
			if err := json.Unmarshal([]byte(receive(t, conn)), &n); err != nil || n.Method != api.TopicJobs || len(n.Params) != 1 {
				t.Fatalf("%+v, %v", n, err)
			}
			if ev := n.Params[0]; ev.Cursor == cursor && ev.Jobs[len(ev.Jobs)-1].State == state {
				return
			}
		}
	}
	a.rescan(false)
	until("2", api.JobDone)
	a.rescan(true)
	until("3", api.JobCanceled)
}

// mustHash returns a hash in hex.
func mustHash(t testing.TB, text string) chainhash.Hash {
	t.Helper()
	hash, err := chainhash.NewHashFromStr(text)
	if err != nil {
		t.Fatal(err)
	}
	return *hash
}

// TestSubscriptionsByAddressAndLabel: a client that has chosen addresses or labels gets what concerns
// them and nothing else, over reorganisations and in confirmations, which have address and amount. A
// client of everything, filtered by hand, is the judge.
func TestSubscriptionsByAddressAndLabel(t *testing.T) {
	a := startActor(t, 20)
	first, firstScript := a.owner.Address(0, 1)
	second, secondScript := a.owner.Address(0, 2)
	_, thirdScript := a.owner.Address(0, 3)
	foreign, foreignScript := rpctest.NewOwner(t, 9).Address(0, 0)
	if err := a.wallet().SetLabel(t.Context(), second, "customer 7"); err != nil {
		t.Fatal(err)
	}
	chosen := map[string]*listener{
		"address":  listenTo(t, a.address, api.TopicConfirmations, "", 3, []string{first}),
		"label":    listenTo(t, a.address, api.TopicTransactions, "", 1, []string{}, []string{"customer 7"}),
		"either":   listenTo(t, a.address, api.TopicTransactions, "", 1, []string{first}, []string{"customer 7"}),
		"spends":   listenTo(t, a.address, api.TopicSpends, "", 1, []string{first}),
		"receiver": listenTo(t, a.address, api.TopicTransactions, "", 1, []string{foreign}),
		"all":      listen(t, a.address, api.TopicTransactions, ""),
	}
	plan := testnet.Plan{}
	one := plan.Pay(21, firstScript, 1e8)
	two := plan.Pay(21, secondScript, 2e8)
	three := plan.Pay(21, thirdScript, 3e8)
	plan.Spend(22, one, foreignScript, 9e7)
	(&stage{T: t, owner: a.owner}).sign(plan[22][0].Msg, 1e8, 1)
	spent := plan[22][0].Msg.TxHash()
	a.Grow(t, 0, 2, plan)
	a.Grow(t, 2, 3, plan) // the same again on another branch
	hashes := map[string]string{"one": one.Hash.String(), "two": two.Hash.String(), "three": three.Hash.String(), "spent": spent.String()}
	for name, want := range map[string][]string{
		"all": {"one", "two", "three", "spent"}, "address": {"one", "spent"}, "label": {"two"}, "either": {"one", "two", "spent"},
		"spends": {"spent"}, "receiver": {"spent"},
	} {
		l := chosen[name]
		tip := a.Node.Chain().Tip().Hash.String()
		l.until(name, func() bool {
			n := len(l.events)
			return n > 0 && l.events[n-1].Tip.Hash == tip && len(l.copied) == len(want)
		})
		for _, tx := range want {
			if _, ok := l.copied[hashes[tx]]; !ok {
				t.Errorf("%s has no news of %s: %v", name, tx, l.copied)
			}
		}
		for _, ev := range l.events {
			for _, c := range ev.Confirmations {
				if c.TxID == hashes["one"] && (c.Amount != 1e8 || len(c.Payments) != 1 || c.Payments[0].Address != first || c.Payments[0].Amount != 1e8 || c.Payments[0].Account != "default") {
					t.Errorf("%+v", c)
				}
			}
		}
	}
	conn := mustDialWS(t, a.address)
	for params, want := range map[string]string{
		`{"topic":"blocks","addresses":["x"]}`:                                         "choose from transactions",
		`{"topic":"transactions","addresses":["x"]}`:                                   "number 1 of the addresses",
		`{"topic":"transactions","labels":["` + strings.Repeat(`a","`, 10000) + `b"]}`: "10001 addresses and labels",
	} {
		if got := exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":`+params+`,"id":1}`); !strings.Contains(got, want) {
			t.Errorf("%.100s: %.200s", params, got)
		}
	}
}
