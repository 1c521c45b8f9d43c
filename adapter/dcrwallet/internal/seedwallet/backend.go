package seedwallet

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"time"

	"decred.org/dcrwallet/v5/p2p"
	"decred.org/dcrwallet/v5/spv"
	"github.com/decred/dcrd/addrmgr/v3"

	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/internal/wait"
)

// retryPause is the pause after which a reference syncer that has failed is replaced.
const retryPause = 100 * time.Millisecond

// Backend is what front ends call on a syncer.
type Backend interface {
	SetNotifications(*spv.Notifications)
	SetPersistentPeers([]string)
	DisableDiscoverAccounts()
	Run(context.Context) error
	Synced(context.Context) (bool, int32)
}

var (
	_ Backend = (*dcrwallet.Syncer)(nil)
	_ Backend = (*spv.Syncer)(nil)
	_ Backend = (*Reference)(nil)
)

// Reference runs the wallet's own syncer in the loop that front ends wrap it in: it makes
// another syncer whenever one has returned, as when its last peer is lost.
type Reference struct {
	wallet *Wallet
	dir    string
	dial   p2p.DialFunc // nil for that of the package net

	mu     sync.Mutex
	set    []func(*spv.Syncer) // what was called on the first syncer, for the others
	syncer *spv.Syncer         // the newest
}

// NewReference returns the wallet's own syncer, which keeps its addresses in a directory.
func NewReference(w *Wallet, dir string, dial p2p.DialFunc) *Reference {
	r := &Reference{wallet: w, dir: dir, dial: dial}
	r.renew()
	return r
}

// renew makes another syncer.
func (r *Reference) renew() *spv.Syncer {
	peer := p2p.NewLocalPeer(r.wallet.ChainParams(), &net.TCPAddr{IP: net.IPv6loopback}, addrmgr.New(filepath.Join(r.dir, "addresses")))
	if r.dial != nil {
		peer.SetDialFunc(r.dial)
	}
	s := spv.NewSyncer(r.wallet.Wallet, peer)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.syncer = s
	for _, set := range r.set {
		set(s)
	}
	return s
}

// apply calls a function on the newest syncer and those to come.
func (r *Reference) apply(set func(*spv.Syncer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set = append(r.set, set)
	set(r.syncer)
}

// SetNotifications sets the callbacks.
func (r *Reference) SetNotifications(n *spv.Notifications) {
	r.apply(func(s *spv.Syncer) { s.SetNotifications(n) })
}

// SetPersistentPeers sets the only peers.
func (r *Reference) SetPersistentPeers(peers []string) {
	r.apply(func(s *spv.Syncer) { s.SetPersistentPeers(peers) })
}

// DisableDiscoverAccounts makes discoveries leave out accounts.
func (r *Reference) DisableDiscoverAccounts() { r.apply((*spv.Syncer).DisableDiscoverAccounts) }

// Synced is that of the newest syncer.
func (r *Reference) Synced(ctx context.Context) (bool, int32) {
	r.mu.Lock()
	s := r.syncer
	r.mu.Unlock()
	return s.Synced(ctx)
}

// Run runs syncers until ctx ends, and returns its error.
func (r *Reference) Run(ctx context.Context) error {
	for {
		_ = r.renew().Run(ctx) // front ends log the error and go on
		if err := wait.For(ctx, retryPause); err != nil {
			return err
		}
	}
}

// NewAdapter returns the syncer of this module.
func NewAdapter(w *Wallet, cfg dcrwallet.Config) *dcrwallet.Syncer {
	return dcrwallet.New(w.Wallet, cfg)
}
