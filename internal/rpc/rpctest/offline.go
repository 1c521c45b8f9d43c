package rpctest

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// Offline is the methods of a daemon that does not run, so that there is no chain to read.
// The method getblockcount returns 2, getblock waits while it is stalled, and the status is what
// SetStatus sets. It may be used from any goroutine.
type Offline struct {
	*method.Registry

	stopped chan struct{}
	once    sync.Once

	mu    sync.Mutex
	st    spv.Status
	shown chan struct{} // closed when st is replaced
	err   error
	stall chan struct{} // getblock waits until it is closed; nil without Stall
	asked int           // calls of getblock that are waiting
	most  int           // the largest value of asked so far

	changed *sync.Cond // asked has grown
}

// NewOffline returns the methods.
func NewOffline(t testing.TB) *Offline {
	t.Helper()
	o := &Offline{st: SyncedStatus(), shown: make(chan struct{}), stopped: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	o.Registry = method.NewRegistry(newCore(t, t.TempDir(), peer.Config{Outbound: -1}, 0, func() { o.once.Do(func() { close(o.stopped) }) }))
	o.Find("getblockcount").Handle = func(context.Context, *method.Call) (any, error) { return 2, o.failure() }
	o.Find("getblock").Handle = func(ctx context.Context, _ *method.Call) (any, error) { return "00", o.wait(ctx) }
	o.Core.Hub = feed.NewHub(shownSyncer{o.Core.Syncer, o}, o.Core.Wallets, o.Core.Votes)
	o.Find("syncstatus").Handle = func(context.Context, *method.Call) (any, error) {
		st, _ := o.status()
		return view.SyncStatus(st, time.Now()), nil
	}
	return o
}

// Answer makes a method return a result.
func (o *Offline) Answer(name string, result any) {
	o.Find(name).Handle = func(context.Context, *method.Call) (any, error) { return result, nil }
}

// SyncedStatus returns the status of a daemon that follows a tip at height 1,000.
func SyncedStatus() spv.Status {
	all := spv.Progress{Current: 1000, Target: 1000}
	at := time.Unix(1600000000, 0)
	return spv.Status{
		Synced: true, Ready: true, FirstSyncDone: true, Seq: 42, Phase: spv.Following, Since: at, Reason: "Following the chain.",
		Initialised: true, Ratio: 1, Headers: all, Filters: all, Rescan: all,
		Tip: consensus.BlockID{Height: 1000, Hash: chainhash.Hash{1}}, TipTime: at, Best: 1000, BestPeers: 1, Peers: 1,
	}
}

// SetStatus sets what the method and the topic syncstatus return.
func (o *Offline) SetStatus(st spv.Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	st.Seq = o.st.Seq + 1
	o.st = st
	close(o.shown)
	o.shown = make(chan struct{})
}

func (o *Offline) status() (st spv.Status, shown chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.st, o.shown
}

// shownSyncer is a syncer with the status of an Offline.
type shownSyncer struct {
	*spv.Syncer
	o *Offline
}

// Status implements feed.Syncer.
func (s shownSyncer) Status() spv.Status {
	st, _ := s.o.status()
	return st
}

// Changes implements feed.Syncer.
func (s shownSyncer) Changes(ctx context.Context, from uint64) iter.Seq[spv.Status] {
	return func(yield func(spv.Status) bool) {
		for {
			st, shown := s.o.status()
			if st.Seq > from {
				if from = st.Seq; !yield(st) {
					return
				}
				continue
			}
			select {
			case <-shown:
			case <-ctx.Done():
				return
			}
		}
	}
}

// newCore returns a core with its files in a directory. It starts nothing.
func newCore(t testing.TB, dir string, peers peer.Config, least dcrutil.Amount, stop func()) method.Core {
	t.Helper()
	params, log := consensus.SimNet(), slog.New(slog.DiscardHandler)
	peers.Params, peers.UserAgent = params.ChainParams, "/spvd:1.2.3/"
	pool, err := peer.New(peers)
	if err != nil {
		t.Fatal(err)
	}
	set := wallet.NewSet(wallet.SetConfig{Dir: filepath.Join(dir, "wallets"), Params: params, Log: log})
	syncer, err := spv.New(spv.Config{Params: params, ChainFile: filepath.Join(dir, "chain.db"), Peers: pool.Peers(), Wallet: set})
	if err != nil {
		t.Fatal(err)
	}
	checker, err := votecheck.New(votecheck.Config{
		Params: params, Syncer: syncer, Wallets: set, File: filepath.Join(dir, "votes.dat"), Least: least,
	})
	if err != nil {
		t.Fatal(err)
	}
	return method.Core{
		Params: params, Syncer: syncer, Pool: pool, Wallets: set, Votes: checker, Hub: feed.NewHub(syncer, set, checker),
		Logs: logging.New(io.Discard, logging.Text, "PEER", "SYNC"), Stop: stop,
		Version:   api.Version{VersionString: "1.2.3", Major: 1, Minor: 2, Patch: 3},
		UserAgent: peers.UserAgent, ProtocolVersion: 12,
		Webhook: func() api.Webhook {
			return api.Webhook{
				Receiver: "https://pay.example.org", Stream: strings.Repeat("5e", 16), Delivered: 41, Pending: 42,
				Since: 1600000000, Attempts: 3, Trouble: "the receiver answers 503 Service Unavailable", NextAttempt: 1600000009,
			}
		},
	}
}

// Fail makes getblockcount and getblock return err.
func (o *Offline) Fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *Offline) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Stall makes getblock wait until its context ends or release is called.
func (o *Offline) Stall() (release func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stall := make(chan struct{})
	o.stall = stall
	return sync.OnceFunc(func() { close(stall) })
}

// Await returns once n calls of getblock are waiting, and fails the test if they do not
// arrive.
func (o *Offline) Await(t testing.TB, n int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	late := false
	timer := time.AfterFunc(20*time.Second, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		late = true
		o.changed.Broadcast()
	})
	defer timer.Stop()
	for o.asked < n {
		if late {
			t.Fatalf("%d of %d calls are waiting", o.asked, n)
		}
		o.changed.Wait()
	}
}

// Most returns the largest number of calls of getblock that waited at once.
func (o *Offline) Most() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.most
}

// Stopped is closed once the method stop was called.
func (o *Offline) Stopped() <-chan struct{} { return o.stopped }

// wait waits for the end of a stall.
func (o *Offline) wait(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stall == nil {
		return o.err
	}
	stall := o.stall
	o.asked++
	o.most = max(o.most, o.asked)
	o.changed.Broadcast()
	o.mu.Unlock()
	var err error
	select {
	case <-stall:
	case <-ctx.Done():
		err = ctx.Err()
	}
	o.mu.Lock()
	o.asked--
	return err
}
