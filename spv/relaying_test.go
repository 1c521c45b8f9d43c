package spv

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/txrelay"
)

// keeper is a wallet that keeps what is published, as one with a file does.
type keeper struct {
	*diary

	mu       sync.Mutex
	heard    []chainhash.Hash
	doubts   [][]byte // that Unsearched returns, up to searched
	searched consensus.BlockID
	keeps    []*wire.MsgTx
	mined    map[chainhash.Hash]consensus.Height
	refuse   error
	imports  uint64
	keeping  func() // if not nil, is called before a published transaction is kept
}

func newKeeper(t *testing.T, c *testnet.Chain) *keeper {
	return &keeper{diary: newDiary(t, c), mined: make(map[chainhash.Hash]consensus.Height)}
}

func (k *keeper) Heard(_ context.Context, tx *wire.MsgTx, _ string, _ bool) (kept, refused bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard = append(k.heard, tx.TxHash())
	return true, false, nil
}

func (k *keeper) Imports() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.imports
}

func (k *keeper) Publish(_ context.Context, tx *wire.MsgTx) (bool, error) {
	k.mu.Lock()
	keeping := k.keeping
	k.mu.Unlock()
	if keeping != nil {
		keeping()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse != nil {
		return false, k.refuse
	}
	k.keeps = append(k.keeps, tx)
	k.poke()
	return true, nil
}

func (k *keeper) Published(context.Context) ([]*wire.MsgTx, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.keeps), nil
}

func (k *keeper) MinedAt(_ context.Context, hash chainhash.Hash) (consensus.Height, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.mined[hash]
	return h, ok, nil
}

// change changes what the wallet keeps.
func (k *keeper) change(by func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	by()
	k.poke()
}

func (k *keeper) poke() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// at returns how a publication stands.
func (h *house) publication(hash chainhash.Hash) Publication {
	h.Helper()
	for _, p := range h.syncer.Publications() {
		if p.Hash == hash {
			return p
		}
	}
	h.Fatalf("%v is not published", hash)
	return Publication{}
}

// outcome fails the test unless a publication has come to an outcome.
func (h *house) outcome(hash chainhash.Hash, want Outcome) Publication {
	h.Helper()
	p := h.publication(hash)
	if p.Outcome != want {
		h.Fatalf("it is %v, want %v: %+v", p.Outcome, want, p)
	}
	return p
}

// inRelay runs a test of a syncer that follows with eight peers.
func inRelay(t *testing.T, test func(h *house, k *keeper, peers []*fakePeer)) {
	t.Helper()
	c := generate(t, 30, testnet.Plan{})
	k := newKeeper(t, c)
	inHouse(t, c, k, func(h *house) {
		k.changed = make(chan struct{}, 1) // of the bubble
		var peers []*fakePeer
		for range 8 {
			peers = append(peers, h.net.join(&fakePeer{chain: c}))
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.until(time.Minute, "following", func(st Status) bool { return st.Phase == Following })
		test(h, k, peers)
	})
}

func (h *house) publish(tx *wire.MsgTx) chainhash.Hash {
	h.Helper()
	p, err := h.syncer.Publish(h.Context(), tx)
	if err != nil {
		h.Fatal(err)
	}
	return p.Hash
}

// TestPublishSilence: a transaction goes to one peer first, and to all when none
// of the others announces it.
func TestPublishSilence(t *testing.T) {
	inRelay(t, func(h *house, _ *keeper, peers []*fakePeer) {
		p, err := h.syncer.Publish(h.Context(), spending(1))
		if err != nil || p.Outcome != Offered || p.OfferedTo != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		h.pass(3 * time.Second)
		if n := len(h.net.offers(p.Hash)); n != 1 {
			t.Fatalf("offered to %d peers within 3 s", n)
		}
		h.pass(time.Minute)
		if n := len(h.net.offers(p.Hash)); n != len(peers) {
			t.Fatalf("offered to %d peers within a minute", n)
		}
		if p := h.outcome(p.Hash, Offered); p.FetchedBy != len(peers) || p.EchoedBy != 0 || !p.Own {
			t.Errorf("%+v", p)
		}
		h.pass(2 * txrelay.FirstRest)
		if n := len(h.net.offers(p.Hash)); n <= len(peers) {
			t.Error("not offered again")
		}
	})
}

// TestPublishWaitsForItsOwn: of many calls at a time each returns when its own
// transaction has been offered, whatever happens to those of the others.
func TestPublishWaitsForItsOwn(t *testing.T) {
	inRelay(t, func(h *house, _ *keeper, _ []*fakePeer) {
		var calls sync.WaitGroup
		for n := range uint32(40) {
			calls.Go(func() {
				p, err := h.syncer.Publish(h.Context(), spending(n))
				if err != nil || p.Hash != spending(n).TxHash() || p.Outcome != Offered {
					t.Errorf("call %d: %v, %v", n, p.Outcome, err)
				}
			})
		}
		calls.Wait()
	})
}

// TestPublishCancelled: a call that is cancelled returns the cause, and the transaction
// is published all the same.
func TestPublishCancelled(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, peers []*fakePeer) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(h.Context())
		k.change(func() { k.keeping = func() { h.leaveAll(peers) } })
		time.AfterFunc(time.Second, func() { cancel(cause) })
		begin := time.Now()
		p, err := h.syncer.Publish(ctx, spending(1))
		if took := time.Since(begin); !errors.Is(err, cause) || p.Outcome != Waiting || took != time.Second {
			t.Errorf("after %v: %v, %v", took, p.Outcome, err)
		}
		k.change(func() { k.keeping = nil })
		h.net.join(&fakePeer{chain: peers[0].chain})
		h.pass(time.Minute)
		h.outcome(spending(1).TxHash(), Offered)
		if _, err := h.syncer.Publish(ctx, spending(2)); !errors.Is(err, cause) {
			t.Errorf("cancelled before: %v", err)
		}
	})
}

// leaveAll disconnects all these peers, and returns when the syncer has seen it.
func (h *house) leaveAll(peers []*fakePeer) {
	for _, p := range peers {
		h.net.leave(p)
	}
	synctest.Wait()
}

// TestPublishWithoutPeers: when all peers leave while a call waits, it returns within a
// bound, and the transaction is offered to those that come.
func TestPublishWithoutPeers(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, peers []*fakePeer) {
		k.change(func() { k.keeping = func() { h.leaveAll(peers) } })
		begin := time.Now()
		p, err := h.syncer.Publish(h.Context(), spending(1))
		if took := time.Since(begin); err != nil || p.Outcome != Waiting || took > offerTime+tick {
			t.Fatalf("after %v: %v, %v", took, p.Outcome, err)
		}
		k.change(func() { k.keeping = nil })
		h.net.join(&fakePeer{chain: peers[0].chain})
		h.pass(time.Minute)
		h.outcome(spending(1).TxHash(), Offered)
	})
}

// TestPublishEcho: when another peer announces the transaction, no more are told.
func TestPublishEcho(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, peers []*fakePeer) {
		hash := h.publish(spending(1))
		told := h.net.offers(hash)[0]
		i := slices.IndexFunc(peers, func(p *fakePeer) bool { return p.id != told })
		h.net.echo(peers[i].id, hash)
		h.pass(10 * time.Minute)
		if n := len(h.net.offers(hash)); n != 1 {
			t.Errorf("offered to %d peers", n)
		}
		h.outcome(hash, Seen)
		k.change(func() { k.keeps, k.mined[hash] = nil, 31 })
		h.pass(time.Second)
		if p := h.outcome(hash, Mined); p.Height != 31 || !p.Next.IsZero() {
			t.Errorf("%+v", p)
		}
	})
}

// TestPublishReorganised: a transaction that was mined in a block which left the
// chain is offered again.
func TestPublishReorganised(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		tx := spending(1)
		hash := h.publish(tx)
		k.change(func() { k.keeps, k.mined[hash] = nil, 31 })
		h.pass(time.Second)
		h.outcome(hash, Mined)
		before := len(h.net.offers(hash))
		k.change(func() { k.keeps = []*wire.MsgTx{tx}; delete(k.mined, hash) })
		h.pass(time.Second)
		if n := len(h.net.offers(hash)); n != before+1 {
			t.Errorf("offered %d times, before %d", n, before)
		}
		h.outcome(hash, Offered)
	})
}

// TestPublishExpiry: a transaction that no block may hold any more is not offered
// any more, and one that is late is refused at once.
func TestPublishExpiry(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, peers []*fakePeer) {
		tx := spending(1)
		tx.Expiry = 32
		hash := h.publish(tx)
		h.outcome(hash, Offered)
		longer := peers[0].chain.Extend(1)
		for _, p := range peers {
			h.net.extend(p, longer)
		}
		h.untilSyncedTo(time.Minute, longer)
		h.pass(time.Second)
		h.outcome(hash, Expired)
		if _, err := h.syncer.Publish(h.Context(), tx); !errors.Is(err, ErrRejected) {
			t.Errorf("a late transaction: %v", err)
		}
	})
}

// TestPublishRestart: what the wallet keeps is offered by the next run too, once it
// follows.
func TestPublishRestart(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		hash := h.publish(spending(1))
		before := len(h.net.offers(hash))
		h.stop()
		s, err := New(h.cfg) // a new process knows what the wallet knows
		if err != nil {
			t.Fatal(err)
		}
		h.syncer = s
		h.start()
		for range 60 { // more peers are told some seconds after the first one
			if h.pass(time.Second); len(h.net.offers(hash)) > before {
				break
			}
		}
		if n := len(h.net.offers(hash)); n != before+1 {
			t.Errorf("offered %d times, before %d", n, before)
		}
		h.outcome(hash, Offered)
	})
}

// TestPublishAbandoned: what the wallet gives up is not offered any more.
func TestPublishAbandoned(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		hash := h.publish(spending(1))
		k.change(func() { k.keeps = nil })
		h.pass(time.Minute)
		h.outcome(hash, Dropped)
		if n := len(h.net.offers(hash)); n != 1 {
			t.Errorf("offered to %d peers", n)
		}
	})
}

// TestPublishForeign: a transaction of no wallet is published for a day, and so
// many at a time.
func TestPublishForeign(t *testing.T) {
	c := generate(t, 30, testnet.Plan{})
	inHouse(t, c, nil, func(h *house) {
		if _, err := h.syncer.Publish(h.Context(), spending(1)); !errors.Is(err, ErrNoPeers) {
			t.Errorf("without peers: %v", err)
		}
		h.net.join(&fakePeer{chain: c})
		h.start()
		h.until(time.Minute, "following", func(st Status) bool { return st.Phase == Following })
		for n := range uint32(maxForeign) {
			h.publish(spending(n))
		}
		if _, err := h.syncer.Publish(h.Context(), spending(maxForeign)); !errors.Is(err, ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
		if _, err := h.syncer.Publish(h.Context(), wire.NewMsgTx()); !errors.Is(err, ErrRejected) {
			t.Errorf("an empty transaction: %v", err)
		}
		for _, version := range []uint16{1, wire.TxVersionTreasury} {
			tx := c.Block(1).Transactions[0].Copy()
			tx.Version, tx.TxOut[0].Value = version, 1 // another one than that in the block
			if _, err := h.syncer.Publish(h.Context(), tx); !errors.Is(err, ErrRejected) || !strings.Contains(err.Error(), "makes coins") {
				t.Errorf("a coinbase of version %d: %v", version, err)
			}
		}
		hash := spending(0).TxHash()
		if p := h.outcome(hash, Offered); p.Own {
			t.Errorf("%+v", p)
		}
		if wanted, polled := h.net.listening(); wanted || polled > 0 {
			t.Error("transactions are wanted without a wallet")
		}
	})
}

// TestHeardWhileFollowing: what peers send reaches the wallet, transactions are
// wanted only while following, and few peers are asked for their mempool.
func TestHeardWhileFollowing(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		h.net.send(spending(1))
		h.net.send(spending(2))
		h.pass(time.Second)
		want := []chainhash.Hash{spending(1).TxHash(), spending(2).TxHash()}
		k.mu.Lock()
		if !slices.Equal(k.heard, want) {
			t.Errorf("heard %v", k.heard)
		}
		k.mu.Unlock()
		if wanted, polled := h.net.listening(); !wanted || polled != txrelay.MempoolPeers {
			t.Errorf("wanted %v, polled %v", wanted, polled)
		}
		h.stop()
		if wanted, _ := h.net.listening(); wanted {
			t.Error("transactions are wanted after the end")
		}
	})
}

// TestImportsPollAgain: each time the wallet has come to watch more, and only then, what it
// did not keep is to be fetched again, and few peers are asked for their mempools.
func TestImportsPollAgain(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		for imports := range 3 {
			for range 2 {
				h.pass(time.Minute)
				_, polled := h.net.listening()
				if want := (imports + 1) * txrelay.MempoolPeers; polled != want || h.net.forgotten() != imports {
					t.Errorf("after %d imports: %d polled, want %d; forgotten %d times", imports, polled, want, h.net.forgotten())
				}
			}
			k.change(func() { k.imports++ })
		}
	})
}

// TestBlocksOnly: with that setting no transaction is asked for.
func TestBlocksOnly(t *testing.T) {
	c := generate(t, 30, testnet.Plan{})
	inHouse(t, c, newKeeper(t, c), func(h *house) {
		h.cfg.BlocksOnly = true
		s, err := New(h.cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.syncer = s
		h.net.join(&fakePeer{chain: c})
		h.start()
		h.until(time.Minute, "following", func(st Status) bool { return st.Phase == Following })
		h.pass(time.Minute)
		if wanted, polled := h.net.listening(); wanted || polled > 0 {
			t.Error("transactions are wanted")
		}
	})
}

// TestWalletRefuses: what the wallet refuses is not offered.
func TestWalletRefuses(t *testing.T) {
	inRelay(t, func(h *house, k *keeper, _ []*fakePeer) {
		k.change(func() { k.refuse = errors.New("spent already") })
		if _, err := h.syncer.Publish(h.Context(), spending(1)); !errors.Is(err, k.refuse) {
			t.Errorf("got %v", err)
		}
		h.pass(time.Minute)
		if n := len(h.net.offers(spending(1).TxHash())); n != 0 || len(h.syncer.Publications()) != 0 {
			t.Errorf("offered to %d peers", n)
		}
	})
}
