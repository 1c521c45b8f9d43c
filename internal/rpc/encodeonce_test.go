package rpc

import (
	"context"
	"fmt"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

// ledgerOf is a wallet with a number of transactions, spends and jobs, on a chain of
// a hundred blocks whose hashes are their heights.
type ledgerOf struct {
	Wallet
	Chain
	things int
}

func (ledgerOf) HashAt(height int64) (chainhash.Hash, error) {
	return chainhash.Hash{byte(height)}, nil
}

func (ledgerOf) Position() (Position, error) {
	tip := chainhash.Hash{100}
	id := api.BlockID{Height: 100, Hash: tip.String()}
	return Position{Tip: id, Scanned: id}, nil
}

func (l ledgerOf) Transactions(_ context.Context, _ int64, _ []string, yield func(*api.Transaction) bool) error {
	for i := range l.things {
		yield(&api.Transaction{TxID: fmt.Sprint("tx", i)})
	}
	return nil
}

func (l ledgerOf) Spends(context.Context, int64) ([]api.Spend, error) {
	list := make([]api.Spend, l.things)
	for i := range list {
		list[i].SpentBy = fmt.Sprint("tx", i)
	}
	return list, nil
}

func (l ledgerOf) Jobs() ([]api.Job, error) {
	list := make([]api.Job, l.things)
	for i := range list {
		list[i] = api.Job{ID: int64(i + 1), State: "running"}
	}
	return list, nil
}

// heard subscribes one client to a topic and returns what it is told of the news.
func heard(t *testing.T, n *news, topic, wallet string, l ledgerOf, know ...string) (messages [][]byte) {
	t.Helper()
	to := &feeds{ctx: t.Context(), send: func(_ context.Context, m []byte) error {
		messages = append(messages, m)
		return nil
	}}
	var f feed
	if topic == api.TopicJobs {
		f = newJobFeed(l, wallet, "")
	} else {
		known := make(map[string]bool)
		for _, k := range know {
			known[k] = true
		}
		f = &walletFeed{topic: topic, name: wallet, wallet: l, chain: l, loose: known}
	}
	if err := f.tell(t.Context(), n, to); err != nil {
		t.Fatal(err)
	}
	return messages
}

// TestWalletEventsAreEncodedOnce tells many clients of the same: they get the very
// same bytes. Whoever is to be told something else is.
func TestWalletEventsAreEncodedOnce(t *testing.T) {
	l := ledgerOf{things: eventItems + 5}
	for _, topic := range []string{api.TopicTransactions, api.TopicConfirmations, api.TopicSpends, api.TopicJobs} {
		n := &news{read: &readings{}}
		first := heard(t, n, topic, "default", l)
		for range 3 {
			again := heard(t, n, topic, "default", l)
			if len(first) == 0 || len(again) != len(first) {
				t.Fatalf("%s: %d notifications, before %d", topic, len(again), len(first))
			}
			for i := range again {
				if &again[i][0] != &first[i][0] {
					t.Errorf("%s: notification %d is encoded again", topic, i)
				}
			}
		}
		few := ledgerOf{things: 1}
		if other := heard(t, n, topic, "other", few); len(other) != 1 || len(other[0]) >= len(first[0]) {
			t.Errorf("%s: another wallet is told %s", topic, other)
		}
		if newer := heard(t, &news{read: &readings{}}, topic, "default", l); &newer[0][0] == &first[0][0] {
			t.Errorf("%s: newer news are told with the bytes of older ones", topic)
		}
	}
	n := &news{read: &readings{}}
	all := heard(t, n, api.TopicTransactions, "default", l)
	if rest := heard(t, n, api.TopicTransactions, "default", l, "tx7"); string(rest[0]) == string(all[0]) {
		t.Error("who knows a transaction is told of it again")
	}
}

// TestNoMoreFramesAreKept has more clients than frames are kept for.
func TestNoMoreFramesAreKept(t *testing.T) {
	var s readings
	for i := range 2 * keptFrames {
		key := fmt.Sprint(i)
		got, err := s.frame(key, func() ([]byte, error) { return []byte(key), nil })
		if err != nil || string(got) != key {
			t.Errorf("frame %s: %s, %v", key, got, err)
		}
	}
	if len(s.frames.made) > keptFrames {
		t.Errorf("%d frames are kept", len(s.frames.made))
	}
}

// TestAFailureIsNotShared has a reading fail for one client only, as when it leaves.
func TestAFailureIsNotShared(t *testing.T) {
	var s readings
	read := func(ctx context.Context) func() ([]api.Job, error) {
		return func() ([]api.Job, error) { return []api.Job{{ID: 1}}, ctx.Err() }
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.jobList("default", read(left)); err == nil {
		t.Error("who has left is told")
	}
	if jobs, err := s.jobList("default", read(t.Context())); err != nil || len(jobs) != 1 {
		t.Errorf("another one gets %v, %v", jobs, err)
	}
}
