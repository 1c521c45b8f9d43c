package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// busyDashboard is a dashboard with much of everything, at a moment.
func busyDashboard() (*dashboard, time.Time) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	st, peers := midway()
	st.Tip.Time = now.Unix() - 61
	d := &dashboard{st: st, peers: append(peers, peers...), hidden: 2}
	d.found("127.0.0.1:9112", "mainnet")
	d.show([]string{"default", "a-wallet-with-a-very-long-name", "shop\x1b[2J", "closed"})
	jobs := []api.Job{{ID: 1, Kind: "import", State: api.JobDone}, {ID: 2, Kind: "rescan", State: api.JobRunning, Progress: .25, At: 5000, Target: 20000}}
	d.balance("default", &api.Balance{TotalSpendable: 123456789012345, TotalUnconfirmed: 5, CumulativeTotal: 123456789012350}, jobs)
	d.balance("a-wallet-with-a-very-long-name", &api.Balance{}, nil)
	d.walletOf("closed").trouble = "there is no wallet closed"
	hash := strings.Repeat("5e", 32)
	tip := api.BlockID{Height: 1234, Hash: hash}
	for range 20 {
		d.blocks(&api.BlocksEvent{Tip: tip, Connected: make([]api.ConnectedBlock, 1)}, now)
	}
	d.blocks(&api.BlocksEvent{Tip: tip, Connected: make([]api.ConnectedBlock, 3), Disconnected: []api.BlockID{{Height: 1233}, {Height: 1232}}}, now)
	d.transactions("default", &api.WalletEvent{Transactions: []api.Transaction{
		{Amount: 15e7, TxID: hash}, {Amount: -1e8, BlockHash: hash, BlockHeight: 1234, TxID: hash},
	}, Removed: []string{hash}}, now)
	d.jobs("default", &api.JobsEvent{Jobs: []api.Job{{ID: 1, Kind: "import", State: api.JobDone}, {ID: 2, State: api.JobRunning}}}, now)
	return d, now
}

// TestTopPictures compares dashboards with those in testdata. UPDATE=1 rewrites these.
func TestTopPictures(t *testing.T) {
	for _, on := range []screen{{columns: 80, rows: 24}, {columns: 80, rows: 50}, {columns: 40, rows: 40}} {
		for _, lost := range []bool{false, true} {
			d, now := busyDashboard()
			name := fmt.Sprintf("top_%dx%d.txt", on.columns, on.rows)
			if lost {
				d.lose(errors.New("connection lost: EOF"), now.Add(-time.Minute))
				name = fmt.Sprintf("top_%dx%d_lost.txt", on.columns, on.rows)
			}
			wantPicture(t, name, texts(topPicture(d, now, on)))
		}
	}
}

// TestTopFits: on a screen of any size, whatever there is to show, no line is too wide, there are no
// more than rows, and nothing in them moves the cursor.
func TestTopFits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		d, now := busyDashboard()
		d.peers = d.peers[:random.IntN(len(d.peers)+1)]
		d.wallets = d.wallets[:random.IntN(len(d.wallets)+1)]
		d.events = d.events[:random.IntN(len(d.events)+1)]
		d.hidden = random.IntN(2)
		if random.IntN(3) == 0 {
			d.lose(errors.New("a\nb\x1b[2J"), now)
		}
		if random.IntN(5) == 0 {
			d.st = nil
		} else {
			d.st.Ready = random.IntN(2) == 0
			d.st.Warnings = make([]api.Warning, random.IntN(5))
		}
		on := screen{columns: 1 + random.IntN(120), rows: 1 + random.IntN(60)}
		rows := topPicture(d, now, on)
		if len(rows) > on.rows || len(rows) == 0 {
			t.Fatalf("%d rows on %+v", len(rows), on)
		}
		for _, r := range rows {
			if utf8.RuneCountInString(r.text) > on.columns || strings.ContainsAny(r.text, "\x1b\n\r") {
				t.Fatalf("%q on %+v", r.text, on)
			}
		}
		if on.rows >= 24 && on.columns >= 72 && d.st != nil {
			text := texts(rows)
			for _, head := range []string{"EVENTS", "q quits"} {
				if !strings.Contains(text, head) {
					t.Fatalf("no %s on %+v:\n%s", head, on, text)
				}
			}
		}
	}
}

// TestTopNeedsATerminal: elsewhere the command says what to run.
func TestTopNeedsATerminal(t *testing.T) {
	flags := daemon(t, rpctest.NewOffline(t).Registry)
	got := spvctl(t, "", append(flags, "top")...)
	if got.code != exitError || !strings.Contains(got.err, "have to be a terminal") || !strings.Contains(got.err, "spvctl status --forever") {
		t.Errorf("%+v", got)
	}
	for _, words := range [][]string{{"top", "x"}, {"top", "--json"}, {"top", "--nonsense"}} {
		if got := spvctl(t, "", append(flags, words...)...); got.code != exitUsage {
			t.Errorf("%v: %+v", words, got)
		}
	}
}
