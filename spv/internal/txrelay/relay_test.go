package txrelay

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// network records what the relay wants of peers.
type network struct {
	wanted    bool
	polled    []p2p.PeerID
	forgotten int
	offered   map[p2p.PeerID][]chainhash.Hash
	withdrawn []chainhash.Hash
	txs       []p2p.Tx
	events    []p2p.TxEvent
	judged    map[chainhash.Hash]bool
}

func (n *network) WantTxs(want bool) { n.wanted = want }
func (n *network) AskMempool(_ context.Context, id p2p.PeerID) error {
	n.polled = append(n.polled, id)
	return nil
}
func (n *network) ForgetUnkept() { n.forgotten++ }
func (n *network) Offer(_ context.Context, id p2p.PeerID, tx *wire.MsgTx) error {
	n.offered[id] = append(n.offered[id], tx.TxHash())
	return nil
}
func (n *network) Withdraw(hash chainhash.Hash) { n.withdrawn = append(n.withdrawn, hash) }
func (n *network) TakeTxs(most int) (txs []p2p.Tx, events []p2p.TxEvent) {
	if most > 0 {
		txs, n.txs = n.txs, nil
	}
	events, n.events = n.events, nil
	return txs, events
}
func (n *network) JudgeTx(hash chainhash.Hash, kept, _ bool) { n.judged[hash] = kept }

// books is a wallet that knows all blocks, keeps what it hears, and publishes a list.
type books struct {
	heard     []chainhash.Hash
	published []*wire.MsgTx
	mined     map[chainhash.Hash]consensus.Height
}

func (b *books) Scanned() (consensus.BlockID, bool) { return consensus.BlockID{}, true }
func (b *books) Unsearched(context.Context, *wire.MsgTx, consensus.Height) ([][]byte, consensus.BlockID, error) {
	return nil, consensus.BlockID{}, nil
}
func (b *books) Heard(_ context.Context, tx *wire.MsgTx, _ string, _ bool) (kept, refused bool, err error) {
	b.heard = append(b.heard, tx.TxHash())
	return true, false, nil
}
func (b *books) Published(context.Context) ([]*wire.MsgTx, error) { return b.published, nil }
func (b *books) MinedAt(_ context.Context, hash chainhash.Hash) (consensus.Height, bool, error) {
	h, ok := b.mined[hash]
	return h, ok, nil
}

// world is a relay over these, with a store that has the genesis block only.
type world struct {
	*network
	*books
	relay *Relay
	jobs  *jobs.Group
}

// inWorld runs a test in a bubble of virtual time.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet(), Log: log})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		w := &world{
			network: &network{offered: make(map[p2p.PeerID][]chainhash.Hash), judged: make(map[chainhash.Hash]bool)},
			books:   &books{mined: make(map[chainhash.Hash]consensus.Height)},
			jobs:    jobs.New(),
		}
		defects := defect.NewReporter(log, func(p2p.PeerID, error) {})
		w.relay = New(Deps{
			Peers: w.network, Wallet: w.books, Finder: &Finder{Wallet: w.books, Defects: defects},
			Jobs: w.jobs, Defects: defects, Rand: func() uint64 { return 0 }, Log: log,
		})
		w.jobs.Begin(t.Context())
		defer w.jobs.Stop()
		w.relay.Begin(store.Reader)
		test(t, w)
	})
}

// turn makes a turn with some live peers, and applies the results of the jobs that it has
// started.
func (w *world) turn(t *testing.T, live []p2p.PeerID, orders ...Order) []Standing {
	t.Helper()
	w.relay.Turn(t.Context(), live, true, orders, time.Now())
	for {
		synctest.Wait()
		select {
		case apply := <-w.jobs.Results():
			if err := apply(); err != nil {
				t.Fatal(err)
			}
		default:
			return w.relay.Changed()
		}
	}
}

func TestAnOrderIsOfferedUntilItIsForgotten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		tx := spending(1)
		changed := w.turn(t, []p2p.PeerID{1, 2}, Order{Tx: tx, Since: time.Now()})
		if len(changed) != 1 || changed[0].OfferedTo != 1 || changed[0].End != 0 {
			t.Fatalf("after the first turn: %+v", changed)
		}
		w.events = []p2p.TxEvent{{From: 9, Hash: tx.TxHash()}}
		if changed := w.turn(t, []p2p.PeerID{1, 2}); len(changed) != 1 || changed[0].EchoedBy != 1 {
			t.Fatalf("after an echo: %+v", changed)
		}
		_ = wait.For(t.Context(), foreignTime)
		changed = w.turn(t, []p2p.PeerID{1, 2})
		if len(changed) != 1 || changed[0].End != Forgotten || len(w.withdrawn) != 1 {
			t.Errorf("a day later: %+v, withdrawn %d", changed, len(w.withdrawn))
		}
	})
}

func TestWhatTheWalletPublishesEndsWhenItIsMined(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		tx := spending(1)
		w.published = []*wire.MsgTx{tx}
		w.turn(t, nil)
		if changed := w.turn(t, []p2p.PeerID{1}); len(changed) != 1 || !changed[0].Own {
			t.Fatalf("not offered: %+v", changed)
		}
		w.published, w.mined[tx.TxHash()] = nil, 7
		w.relay.WalletChanged()
		changed := w.turn(t, []p2p.PeerID{1})
		if len(changed) != 1 || changed[0].End != Mined || changed[0].Height != 7 {
			t.Errorf("after it was mined: %+v", changed)
		}
	})
}

func TestWhatPeersRelayIsGivenToTheWalletAndJudged(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		raw, err := spending(1).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		w.txs = []p2p.Tx{{From: 1, Raw: raw, Agreed: true}, {From: 1, Raw: []byte{1, 2}}}
		w.turn(t, []p2p.PeerID{1, 2, 3})
		want := spending(1).TxHash()
		if !slices.Equal(w.heard, []chainhash.Hash{want}) || !w.judged[want] {
			t.Errorf("heard %v, judged %v", w.heard, w.judged)
		}
		if !w.wanted || len(w.polled) != MempoolPeers {
			t.Errorf("wanted %v, %d peers asked for their mempool", w.wanted, len(w.polled))
		}
		if w.relay.End(); w.wanted {
			t.Error("transactions are wanted after the end")
		}
	})
}

// TestHeardIsKeptThroughAPhase: what was about to be given to the wallet when a phase
// ended is given to it in the next one.
func TestHeardIsKeptThroughAPhase(t *testing.T) {
	r := New(Deps{})
	r.giving, r.heard, r.taking = []p2p.Tx{{Source: "a"}}, []p2p.Tx{{Source: "b"}}, true
	r.Begin(nil)
	if r.taking || len(r.giving) > 0 || len(r.heard) != 2 || r.heard[0].Source != "a" {
		t.Errorf("%+v", r)
	}
}
