package client

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// storeFile is the name of the chain store in its directory.
const storeFile = "chain.db"

// Config says what to sync.
type Config struct {
	Params *consensus.Params
	Peers  []string
	Dir    string           // of the chain store
	Tip    consensus.Height // where it ends
	Wallet spv.Wallet       // nil for none
	Log    *slog.Logger     // nil drops it

	// Beside, if set, runs beside the sync, and ends with its context.
	Beside func(context.Context, *spv.Syncer) error
}

// Run syncs until everything, the wallet too, is at the tip.
func Run(ctx context.Context, cfg Config) error {
	pool, err := peer.New(peer.Config{Params: cfg.Params.ChainParams, UserAgent: "/bench:1.0.0/", Connect: cfg.Peers, Log: cfg.Log})
	if err != nil {
		return err
	}
	s, err := spv.New(spv.Config{
		Params: cfg.Params, ChainFile: StoreFile(cfg.Dir), Peers: pool.Peers(), Wallet: cfg.Wallet, Log: cfg.Log,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return pool.Run(ctx) })
	g.Go(func() error { return s.Run(ctx) })
	if cfg.Beside != nil {
		g.Go(func() error { return cfg.Beside(ctx, s) })
	}
	g.Go(func() error {
		defer cancel()
		err := s.Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip.Height >= cfg.Tip })
		if err != nil {
			return fmt.Errorf("%w; status: %s", err, s.Status().Reason)
		}
		return nil
	})
	return g.Wait()
}

// Import imports a snapshot into a store until its block at a height is there, without a peer.
func Import(ctx context.Context, p *consensus.Params, src snapshot.Source, dir string, tip consensus.Height) error {
	pool, err := peer.New(peer.Config{Params: p.ChainParams, UserAgent: "/bench:1.0.0/", Connect: []string{"127.0.0.1:1"}})
	if err != nil {
		return err
	}
	s, err := spv.New(spv.Config{Params: p, ChainFile: StoreFile(dir), Peers: pool.Peers(), Bootstrap: []snapshot.Source{src}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		defer cancel()
		err := s.Wait(ctx, func(st spv.Status) bool { return st.Phase == spv.CatchingUp })
		if st := s.Status(); err == nil && st.Filters.Current != tip {
			return fmt.Errorf("imported up to block %d, want %d: %v", st.Filters.Current, tip, st.Warnings)
		}
		return err
	})
	return g.Wait()
}

// StoreFile returns the path of the chain store in a directory.
func StoreFile(dir string) string { return filepath.Join(dir, storeFile) }
