package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// actor is a wallet to which things happen. What is mined is by block: it is
// mined for as long as its block is on the chain.
type actor struct {
	rpc.Wallet
	d *rpctest.Daemon

	mu      sync.Mutex
	scanned int64 // -1 while nothing is searched again
	forgot  uint32
	txs     []api.Transaction
	jobs    []api.Job
}

// Jobs implements rpc.Searches.
func (a *actor) Jobs() ([]api.Job, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.jobs, nil
}

// stage has the actor as its only wallet.
type stage struct {
	rpc.Wallets
	actor *actor
}

// Wallet implements rpc.Wallets.
func (s stage) Wallet(string) rpc.Wallet { return s.actor }

// Position implements rpc.Story.
func (a *actor) Position() (rpc.Position, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, err := a.Wallet.Position()
	at.Forgot = a.forgot
	if a.scanned >= 0 && err == nil {
		at.Scanned.Height = min(a.scanned, at.Tip.Height)
		hash, err := a.d.HashAt(at.Scanned.Height)
		at.Scanned.Hash = hash.String()
		return at, err
	}
	return at, err
}

// Transactions implements rpc.Ledger.
func (a *actor) Transactions(_ context.Context, above int64, _ []string, yield func(*api.Transaction) bool) error {
	list, err := a.listed(above)
	for i := range list {
		if !yield(&list[i]) {
			break
		}
	}
	return err
}

// listed returns the transactions newest first. As in a wallet what was mined is
// unmined once its block has gone.
func (a *actor) listed(above int64) ([]api.Transaction, error) {
	at, err := a.Position()
	a.mu.Lock()
	defer a.mu.Unlock()
	var unmined, mined []api.Transaction
	for _, tx := range a.txs {
		hash, _ := a.d.HashAt(tx.BlockHeight)
		if tx.BlockHash != hash.String() {
			tx.BlockHash, tx.BlockHeight, tx.Confirmations = "", 0, 0
			unmined = append(unmined, tx)
		} else if tx.BlockHeight > above {
			tx.Confirmations = at.Tip.Height - tx.BlockHeight + 1
			mined = append(mined, tx)
		}
	}
	slices.SortStableFunc(mined, func(x, y api.Transaction) int { return int(y.BlockHeight - x.BlockHeight) })
	return append(unmined, mined...), err
}

// Spends implements rpc.Story: each transaction spends one output.
func (a *actor) Spends(_ context.Context, above int64) ([]api.Spend, error) {
	list, err := a.listed(above)
	spends := make([]api.Spend, len(list))
	for i, tx := range list {
		spends[i] = api.Spend{OutPoint: api.OutPoint{TxID: "of " + tx.TxID}, SpentBy: tx.TxID, BlockHash: tx.BlockHash, BlockHeight: tx.BlockHeight}
	}
	return spends, err
}

// happen changes the wallet.
func (a *actor) happen(change func()) {
	a.mu.Lock()
	change()
	a.mu.Unlock()
	a.d.ChangeWallet()
}

// add adds a transaction, mined at a height or with zero not.
func (a *actor) add(name string, height int64) {
	tx := api.Transaction{TxID: name, BlockHeight: height, WalletConflicts: []string{}, Details: []api.Detail{}}
	if height > 0 {
		hash, _ := a.d.HashAt(height)
		tx.BlockHash = hash.String()
	}
	a.happen(func() { a.txs = append(a.txs, tx) })
}

// mine puts on blocks, the last of which has a transaction.
func (a *actor) mine(name string, blocks int) {
	a.happen(func() {
		a.d.Grow(0, blocks)
		hash, height, _ := a.d.Best()
		a.txs = append(a.txs, api.Transaction{TxID: name, BlockHeight: height, BlockHash: hash.String()})
	})
}

// forget has the wallet forget transactions, as when a rescan is canceled.
func (a *actor) forget(which func(tx api.Transaction) bool) {
	a.happen(func() {
		a.txs = slices.DeleteFunc(a.txs, which)
		a.forgot++
	})
}

// startActor starts a server for a wallet on a chain of some blocks.
func startActor(t *testing.T, blocks int) (*actor, string) {
	t.Helper()
	d := rpctest.New()
	d.Grow(0, blocks-2)
	cfg := rpctest.Config(d)
	a := &actor{Wallet: cfg.Ports.Wallets.Wallet("default"), d: d, scanned: -1}
	cfg.Ports.Wallets = stage{cfg.Ports.Wallets, a}
	address, _ := rpctest.Start(t, cfg)
	return a, address
}

// listener is a client that keeps a copy of a wallet's transactions by what it is
// told of them: the block of each, or nothing while it is not mined.
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
	l := &listener{T: t, topic: topic, news: make(notifier, 1000), copied: make(map[string]string)}
	c, err := wsrpc.Dial(t.Context(), "ws://"+address+"/ws",
		wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithNotifier(l.news))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l.client = c
	var sub api.Subscription
	if err := c.Call(t.Context(), "subscribe", &sub, topic, cursor); err != nil {
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
// client was away or told nothing, the chain may have gone back further than a cursor
// reaches.
func (l *listener) same(a *actor) {
	l.Helper()
	l.until("the wallet's transactions", func() bool {
		list, err := a.listed(0)
		if err != nil {
			l.Fatal(err)
		}
		if l.gap {
			l.gap = false
			clear(l.copied)
			for _, tx := range list {
				l.copied[tx.TxID] = tx.BlockHash
			}
		}
		for _, tx := range list {
			if block, ok := l.copied[tx.TxID]; !ok || block != tx.BlockHash {
				return false
			}
		}
		return len(list) == len(l.copied)
	})
}

// TestPropertyAListenerHasTheTransactions lets things happen to a wallet at
// random under clients that come and go: each has the same transactions in the
// same blocks in the end.
func TestPropertyAListenerHasTheTransactions(t *testing.T) {
	for _, topic := range []string{api.TopicTransactions, api.TopicSpends} {
		for seed := range uint64(5) {
			random := rand.New(rand.NewPCG(seed, 1))
			a, address := startActor(t, 20)
			l := listen(t, address, topic, "")
			for step := range 60 {
				switch random.IntN(9) {
				case 0:
					a.add(fmt.Sprintf("relayed %d", step), 0)
				case 1, 2:
					a.mine(fmt.Sprintf("mined %d", step), 1)
				case 3, 4:
					a.d.Grow(0, 1+random.IntN(10))
				case 5:
					a.d.Grow(random.IntN(5), 1+random.IntN(5))
				case 6:
					a.happen(func() {
						a.txs = slices.DeleteFunc(a.txs, func(tx api.Transaction) bool { return tx.BlockHash == "" })
					})
				case 7:
					a.forget(func(api.Transaction) bool { return random.IntN(3) == 0 })
				case 8:
					l.same(a)
					l.client.Close()
					if random.IntN(3) == 0 {
						a.forget(func(api.Transaction) bool { return random.IntN(3) == 0 })
					}
					a.mine(fmt.Sprintf("missed %d", step), 1+random.IntN(3))
					again := listen(t, address, topic, l.cursor)
					again.copied, again.gap = l.copied, l.gap
					maps.DeleteFunc(again.copied, func(_, block string) bool { return block == "" }) // is told again
					l = again
				}
			}
			l.same(a)
		}
	}
}

// TestWhatIsFoundInOldBlocksIsTold searches old blocks again, in which something
// turns up, while new ones come.
func TestWhatIsFoundInOldBlocksIsTold(t *testing.T) {
	a, address := startActor(t, 200)
	a.add("known", 50)
	l := listen(t, address, api.TopicTransactions, "")
	l.copied["known"] = ""
	a.happen(func() { a.scanned = 20 })
	l.until("an older place", func() bool { return strings.HasPrefix(l.cursor, "20:") })
	a.mine("new", 1)
	l.until("the new one", func() bool { return l.copied["new"] != "" })
	a.add("old", 100)
	a.happen(func() { a.scanned = 90 })
	l.until("the known one", func() bool { return l.copied["known"] != "" })
	if l.copied["old"] != "" {
		t.Error("told of what has not been searched yet")
	}
	cursor := l.cursor
	l.client.Close()
	a.happen(func() { a.scanned = -1 })
	l = listen(t, address, api.TopicTransactions, cursor)
	l.until("the old one", func() bool { return l.copied["old"] != "" && l.copied["new"] != "" })
}

// TestConfirmationsAreToldUpToTheDepth follows one transaction.
func TestConfirmationsAreToldUpToTheDepth(t *testing.T) {
	a, address := startActor(t, 20)
	l := listen(t, address, api.TopicConfirmations, "")
	a.add("tx", 0)
	l.until("no confirmation", func() bool { return l.copied["tx"] == "0" })
	a.happen(func() { a.txs = nil })
	l.until("gone", func() bool { _, ok := l.copied["tx"]; return !ok })
	a.mine("tx", 1)
	for n := 2; n <= 6; n++ {
		a.d.Grow(0, 1)
		l.until(fmt.Sprintf("%d confirmations", n), func() bool { return l.copied["tx"] == fmt.Sprint(n) })
	}
	cursor := l.cursor
	a.mine("other", 1)
	l.until("the other one", func() bool { return l.copied["other"] == "1" })
	if n := l.copied["tx"]; n != "6" {
		t.Errorf("after the sixth confirmation %s are told", n)
	}
	a.d.Grow(8, 9)
	l.until("taken back", func() bool { return l.copied["tx"] == "0" && l.copied["other"] == "0" })

	again := listen(t, address, api.TopicConfirmations, cursor)
	again.until("a gap", func() bool { return len(again.events) > 0 && again.events[0].Gap })
}

// TestManyTransactionsComeInParts has more of them than one notification holds.
func TestManyTransactionsComeInParts(t *testing.T) {
	a, address := startActor(t, 20)
	l := listen(t, address, api.TopicTransactions, "")
	a.happen(func() {
		a.d.Grow(0, 1)
		hash, _, _ := a.d.Best()
		for i := range 250 {
			a.txs = append(a.txs, api.Transaction{TxID: fmt.Sprint(i), BlockHeight: 21, BlockHash: hash.String()})
		}
	})
	l.same(a)
	if len(l.events) != 3 || !l.events[0].More || l.events[2].More {
		t.Errorf("250 transactions came in %d notifications", len(l.events))
	}
}

// TestAWalletTopicRefusesWhatItCannotDo holds each refusal to a sentence.
func TestAWalletTopicRefusesWhatItCannotDo(t *testing.T) {
	_, address := startActor(t, 20)
	conn := mustDialWS(t, address)
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

// TestJobsAreToldWhenTheyChange follows two jobs over an absence, and meets a gap
// when what happened meanwhile is forgotten.
func TestJobsAreToldWhenTheyChange(t *testing.T) {
	a, address := startActor(t, 20)
	show := func(jobs ...api.Job) { a.happen(func() { a.jobs = jobs }) }
	over := api.Job{ID: 1, State: api.JobDone}
	show(over)
	conn := mustDialWS(t, address)
	subscribe := func(cursor string) string {
		return exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":["jobs","`+cursor+`"],"id":1}`)
	}
	next := func(want string) {
		t.Helper()
		var n struct {
			Method string
			Params []api.JobsEvent
		}
		if err := json.Unmarshal([]byte(receive(t, conn)), &n); err != nil || n.Method != api.TopicJobs || len(n.Params) != 1 {
			t.Fatalf("%+v, %v", n, err)
		}
		got := fmt.Sprintf("%s %v", n.Params[0].Cursor, n.Params[0].Gap)
		for _, j := range n.Params[0].Jobs {
			got += fmt.Sprintf(" %d:%s", j.ID, j.State)
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := subscribe(""); !strings.Contains(got, `"cursor":"1"`) {
		t.Error(got)
	}
	show(over, api.Job{ID: 2, State: api.JobRunning})
	next("1 false 2:running")
	show(over, api.Job{ID: 2, State: api.JobRunning, At: 5}, api.Job{ID: 3, State: api.JobQueued})
	next("1 false 2:running 3:queued")
	show(over, api.Job{ID: 2, State: api.JobRunning, At: 5}, api.Job{ID: 3, State: api.JobCanceled})
	next("1 false 3:canceled")
	show(over, api.Job{ID: 2, State: api.JobDone}, api.Job{ID: 3, State: api.JobCanceled})
	next("3 false 2:done")
	exchange(t, conn, `{"jsonrpc":"2.0","method":"unsubscribe","params":["jobs"],"id":1}`)
	show(over, api.Job{ID: 2, State: api.JobDone}, api.Job{ID: 3, State: api.JobCanceled}, api.Job{ID: 4, State: api.JobDone})
	subscribe("3")
	next("4 false 4:done")
	show(api.Job{ID: 7, State: api.JobDone})
	next("7 true 7:done")
	subscribe("4")
	next("7 true 7:done")
	if got := subscribe("x"); !strings.Contains(got, "the cursor is none") {
		t.Error(got)
	}
}
