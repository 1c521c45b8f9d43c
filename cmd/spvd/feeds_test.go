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
