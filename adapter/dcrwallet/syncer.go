package dcrwallet

import (
	"context"
	stderrors "errors"
	"sync"
	"sync/atomic"

	"decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/spv"
	"decred.org/dcrwallet/v5/wallet"
)

// ErrRunning is returned by Run while another call of it has not returned.
var ErrRunning = stderrors.New("the syncer is running already")

// Notifications are the callbacks of a Syncer: the same struct as in the package that
// it replaces.
type Notifications = spv.Notifications

// Syncer keeps a wallet in step with the network. It is the wallet's network backend
// while Run runs. All methods may be called from any goroutine.
type Syncer struct {
	wallet *wallet.Wallet
	watch  *watch
	synced atomic.Bool

	mu            sync.Mutex // guards what follows, held for a moment
	cfg           Config
	notifications *Notifications // nil for none
	discover      bool           // accounts
	session       *session       // of Run; nil while it does not run
}

// New returns a syncer for a wallet. It does no I/O; Run returns an error for a wrong
// configuration. Accounts are discovered if the wallet is unlocked now.
func New(w *wallet.Wallet, cfg Config) *Syncer {
	return &Syncer{wallet: w, watch: newWatch(w.ChainParams()), cfg: cfg, discover: !w.Locked()}
}

// SetNotifications sets the callbacks that the next call of Run uses.
func (s *Syncer) SetNotifications(n *Notifications) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notifications = n
}

// SetPersistentPeers sets the only peers, HOST or HOST:PORT, that the next call of
// Run connects to. Without any, peers are found through the seeders of the network.
func (s *Syncer) SetPersistentPeers(peers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Connect = peers
}

// DisableDiscoverAccounts makes later discoveries leave out accounts. Addresses of the
// known accounts are discovered all the same.
func (s *Syncer) DisableDiscoverAccounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discover = false
}

// discoverAccounts reports whether accounts are to be discovered.
func (s *Syncer) discoverAccounts() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.discover
}

// Run connects to peers and syncs the wallet until ctx ends, and then returns the error of
// ctx. It returns another error earlier only if the configuration is wrong, if another
// process uses the directory (an *spvd.InUseError), or if a file or the wallet's database
// fails. All that it started has ended when it returns, and it may be called again; while
// it runs, the error is ErrRunning.
func (s *Syncer) Run(ctx context.Context) error {
	r, err := s.begin()
	if err != nil {
		return err
	}
	s.wallet.SetNetworkBackend(s)
	defer s.wallet.SetNetworkBackend(nil)
	err = r.serve(ctx)
	s.mu.Lock()
	s.session = nil
	s.mu.Unlock()
	return stderrors.Join(err, r.close(), ctx.Err())
}

// begin opens a session.
func (s *Syncer) begin() (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		return nil, ErrRunning
	}
	r, err := newSession(s, s.cfg, s.notifications)
	if err != nil {
		return nil, err
	}
	s.session = r
	return r, nil
}

// running returns the session of Run. The error is of the kind errors.NoPeers while Run
// does not run.
func (s *Syncer) running() (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil, errors.E(errors.NoPeers, "the syncer is not running")
	}
	return s.session, nil
}
