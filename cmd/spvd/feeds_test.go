package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
)

// steps passes on the steps of the chain that a daemon notifies of.
type steps chan api.BlocksEvent

// Notify implements wsrpc.Notifier.
func (s steps) Notify(_ string, params json.RawMessage) error {
	var events []api.BlocksEvent
	if err := json.Unmarshal(params, &events); err != nil {
		return err
	}
	for _, ev := range events {
		s <- ev
	}
	return nil
}

// TestBlocksAreNotified follows a real store through growth, a reorganisation
// and an absence.
func TestBlocksAreNotified(t *testing.T) {
	ns := serveNodes(t, 1)
	_, c := ns.startSynced(t, t.TempDir())
	url := strings.Replace(strings.TrimSuffix(c.url, "/"), "http", "ws", 1) + api.WebsocketPath
	subscribe := func(cursor string) (*wsrpc.Client, steps) {
		t.Helper()
		news := make(steps, 100)
		ws, err := wsrpc.Dial(t.Context(), url, wsrpc.WithBasicAuth(c.user, c.password), wsrpc.WithNotifier(news))
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.Call(t.Context(), "subscribe", nil, api.TopicBlocks, cursor); err != nil {
			t.Fatal(err)
		}
		return ws, news
	}
	// until collects what is taken back and put on until the tip of the nodes.
	until := func(news steps) (cursor string, back, on int) {
		t.Helper()
		tip := ns.all[0].Chain().Tip().Hash
		for ev := range news {
			back, on = back+len(ev.Disconnected), on+len(ev.Connected)
			if hash, err := chainhash.NewHashFromStr(ev.Tip.Hash); err == nil && *hash == tip {
				return ev.Cursor, back, on
			}
		}
		return "", 0, 0
	}
	ws, news := subscribe("")
	ns.all[0].Extend(2)
	cursor, back, on := until(news)
	if back != 0 || on != 2 {
		t.Errorf("of 2 new blocks %d were put on, %d taken back", on, back)
	}
	ns.all[0].Reorg(3, 7)
	if _, back, on := until(news); back != 3 || on != 4 {
		t.Errorf("of a reorganisation of 3 blocks by 4, %d were taken back and %d put on", back, on)
	}
	ws.Close()
	again, replay := subscribe(cursor)
	defer again.Close()
	if _, back, on := until(replay); back != 3 || on != 4 {
		t.Errorf("after an absence %d blocks were taken back and %d put on", back, on)
	}
}

// tidings passes on what a daemon tells of a wallet.
type tidings chan api.WalletEvent

// Notify implements wsrpc.Notifier.
func (n tidings) Notify(_ string, params json.RawMessage) error {
	var events []api.WalletEvent
	if err := json.Unmarshal(params, &events); err != nil {
		return err
	}
	for _, ev := range events {
		n <- ev
	}
	return nil
}

// TestTheWalletsTransactionsAreNotified subscribes before there is a wallet: its
// import is searched for in old blocks, one transaction spends what another paid,
// and a reorganisation takes the newest one back.
func TestTheWalletsTransactionsAreNotified(t *testing.T) {
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	_, c := ns.startSynced(t, t.TempDir())
	url := strings.Replace(strings.TrimSuffix(c.url, "/"), "http", "ws", 1) + api.WebsocketPath
	news := make(tidings, 100)
	ws, err := wsrpc.Dial(t.Context(), url, wsrpc.WithBasicAuth(c.user, c.password), wsrpc.WithNotifier(news))
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	for _, topic := range []string{api.TopicTransactions, api.TopicSpends, api.TopicConfirmations} {
		if err := ws.Call(t.Context(), "subscribe", nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	c.mustCall(t, "importxpub", `["savings","`+o.xpub()+`"]`, new(any))

	mined, spent := make(map[int64]string), make(map[string]string)
	counts := make(map[string]int64)
	take := func() {
		ev := <-news
		for _, tx := range ev.Transactions {
			mined[tx.BlockHeight] = tx.TxID
		}
		for _, s := range ev.Spends {
			spent[s.TxID] = s.SpentBy
		}
		for _, c := range ev.Confirmations {
			counts[c.TxID] = c.Confirmations
		}
		for _, b := range ev.Disconnected {
			delete(mined, b.Height)
		}
	}
	for len(mined) < 5 || len(spent) < 1 || counts[mined[blocks-2]] != 3 {
		take()
	}
	for _, height := range []int64{20, 150, 200, 300, blocks - 2} {
		if mined[height] == "" {
			t.Errorf("no transaction of block %d was told: %v", height, mined)
		}
	}
	if spent[mined[20]] != mined[200] {
		t.Errorf("spends are %v", spent)
	}
	ns.all[0].Extend(1)
	for counts[mined[blocks-2]] != 4 {
		take()
	}
	ns.all[0].Reorg(5, 7)
	for len(mined) != 4 {
		take()
	}
}
