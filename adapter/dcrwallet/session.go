package dcrwallet

import (
	"context"
	"errors"
	"sync"

	"decred.org/dcrwallet/v5/wallet"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/p2p"
)

// session is one call of Run: the engine, its peers, and what joins them to the wallet.
type session struct {
	syncer *Syncer
	wallet *wallet.Wallet
	cfg    Config
	lock   *spvd.Lock
	peers  *peer.Pool
	engine *spv.Syncer
	books  *books
	notify *notifier

	shown map[p2p.PeerID]string // the connected peers that the front end knows of; of watchStatus

	ended context.Context // ends when the session does
	end   context.CancelFunc
}

// newSession locks the directory of the network and makes the parts of a session. It starts
// nothing.
func newSession(s *Syncer, cfg Config, n *Notifications) (*session, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	network, err := networkOf(s.wallet.ChainParams())
	if err != nil {
		return nil, err
	}
	params := network.Params()
	if cfg.Known != nil {
		cfg.Known.Apply(params)
	}
	r := &session{syncer: s, wallet: s.wallet, cfg: cfg, notify: newNotifier(n), shown: make(map[p2p.PeerID]string)}
	r.books = newBooks(r)
	dir := network.Dir(cfg.Dir)
	settings, err := cfg.pool(params, dir)
	if err != nil {
		return nil, err
	}
	settings.Mixing = s.wallet.MixingEnabled() && !cfg.LowBandwidth
	if r.peers, err = peer.New(settings); err != nil {
		return nil, err
	}
	if r.engine, err = spv.New(cfg.engine(params, dir, r.peers, r.books)); err != nil {
		return nil, err
	}
	if r.lock, err = spvd.TakeLock(cfg.Dir, network); err != nil {
		return nil, err
	}
	r.ended, r.end = context.WithCancel(context.Background())
	return r, nil
}

// close ends the requests of the wallet and releases the lock.
func (r *session) close() error {
	r.end()
	return r.lock.Release()
}

// part is a worker of a session, which is stopped by itself.
type part struct {
	stop context.CancelFunc
	wg   sync.WaitGroup
	err  error
}

// start runs work on a goroutine of its own until it is stopped. When work returns, done is
// called.
func start(done func(), work func(context.Context) error) *part {
	ctx, stop := context.WithCancel(context.Background())
	p := &part{stop: stop}
	p.wg.Go(func() {
		defer done()
		if err := work(ctx); err != nil && ctx.Err() == nil {
			p.err = err
		}
	})
	return p
}

// finish stops a part, waits for it, and returns its error.
func (p *part) finish() error {
	p.stop()
	p.wg.Wait()
	return p.err
}

// serve runs the parts until ctx ends or one of them fails, and stops them in the reverse
// order: the wallet's work before the engine, and the engine before its peers.
func (r *session) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	callbacks := start(stop, r.notify.run)
	pool := start(stop, r.peers.Run)
	engine := start(stop, r.engine.Run)
	status := start(stop, r.watchStatus)
	wallet, mixing := start(stop, r.runWallet), start(stop, r.mix)
	feeding := start(stop, func(ctx context.Context) error { return newFeed(r).run(ctx) })
	<-ctx.Done()
	err := errors.Join(feeding.finish(), mixing.finish(), wallet.finish())
	r.end() // what the front end asks for by the wallet
	err = errors.Join(err, engine.finish(), status.finish(), pool.finish())
	r.setSynced(false)
	r.showPeers(nil)
	return errors.Join(err, callbacks.finish())
}

// runWallet runs the wallet's own background work, which may have nothing to do.
func (r *session) runWallet(ctx context.Context) error {
	err := r.wallet.Run(ctx)
	if err == nil {
		<-ctx.Done()
	}
	return err
}

// watchStatus derives from each status of the engine whether the wallet is synced, and who
// is connected.
func (r *session) watchStatus(ctx context.Context) error {
	for st := range r.engine.Changes(ctx, 0) {
		r.showPeers(r.peers.Infos())
		r.setSynced(st.Ready)
	}
	return nil
}

// setSynced records whether the wallet is synced, and notifies the front end of a change.
func (r *session) setSynced(synced bool) {
	if r.syncer.synced.CompareAndSwap(!synced, synced) {
		r.notify.synced(synced)
	}
}

// caughtUp reports whether the engine is at a tip that no connected peer can beat.
func caughtUp(st spv.Status) bool { return st.Phase == spv.Rescanning || st.Phase == spv.Following }

// store returns the engine's chain for reading, nil while it is not open.
func (r *session) store() *chain.Reader {
	c, err := r.engine.Chain()
	if err != nil {
		return nil
	}
	return c
}
