package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/bench/floor"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// Names of files in the directory of a job.
const (
	storeFile  = "chain.db"
	walletFile = "wallet.db"
)

// What a measured process can have to do.
const (
	taskDownload = "download" // what the floor of a first sync does
	taskFirst    = "first"    // sync and discover, from nothing
	taskRescan   = "rescan"   // all blocks for what the wallet knows
	taskFloor    = "floor"    // hash and decode
	taskMatchAny = "matchany" // match as gcs/v4 does
)

// Role is the first argument of a measured process. The second is a Job in JSON.
const Role = "scan-role"

// Job is what a measured process has to do.
type Job struct {
	Task     string
	Peers    []string
	Dir      string // of the store and the wallet, or of flat files
	Tip      chain.Height
	Account  byte // the number of the account
	Scripts  int  // that are watched in the end
	Profiles string
}

// Do does a job given in JSON and writes what it took.
func Do(ctx context.Context, text string, out io.Writer) error {
	var j Job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	u, err := j.do(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", j.Task, err)
	}
	return json.NewEncoder(out).Encode(u)
}

func (j *Job) do(ctx context.Context) (meter.Usage, error) {
	switch j.Task {
	case taskDownload:
		return j.measure(nil, func() error {
			return floor.Run(ctx, floor.Config{Params: chain.SimNet(), Peers: j.Peers, Dir: j.Dir, Tip: j.Tip})
		})
	case taskFirst, taskRescan:
		return j.scan(ctx)
	}
	scripts, err := j.watched()
	if err != nil {
		return meter.Usage{}, err
	}
	l, err := loaded(ctx, j.Dir, scripts)
	if err != nil {
		return meter.Usage{}, err
	}
	return j.measure(nil, func() error {
		if j.Task == taskFloor {
			_, err := l.floor()
			return err
		}
		hits, err := l.matchAny()
		if err == nil && hits < uint64(paid(j.Scripts)) {
			err = fmt.Errorf("%d filters match", hits)
		}
		return err
	})
}

// measure measures what do does.
func (j *Job) measure(rules []meter.Rule, do func() error) (meter.Usage, error) {
	m, err := meter.Start(rules)
	if err != nil {
		return meter.Usage{}, err
	}
	err = do()
	u, stopErr := m.Stop()
	if err = errors.Join(err, stopErr); err == nil && j.Profiles != "" && rules != nil {
		err = os.WriteFile(filepath.Join(j.Profiles, j.Task+".pprof"), m.Profile(), 0o600)
	}
	return u, err
}

// watched returns the scripts of the wallet, by asking it.
func (j *Job) watched() (scripts [][]byte, err error) {
	w, err := j.open()
	if err != nil {
		return nil, err
	}
	scripts, _ = w.Scripts()
	if len(scripts) != j.Scripts {
		err = fmt.Errorf("the wallet watches %d scripts, want %d", len(scripts), j.Scripts)
	}
	return scripts, errors.Join(err, w.Close())
}

func (j *Job) open() (*wallet.Wallet, error) {
	return wallet.Open(wallet.Config{
		Path: filepath.Join(j.Dir, walletFile), Params: chain.SimNet(), Log: slog.New(slog.DiscardHandler),
	})
}

// scan measures a first sync with the wallet, or a rescan for it.
func (j *Job) scan(ctx context.Context) (meter.Usage, error) {
	w, err := j.open()
	if err != nil {
		return meter.Usage{}, err
	}
	if j.Task == taskRescan {
		err = w.Rescan(ctx, 0)
	} else {
		var a account
		if a, err = newAccount(j.Account); err == nil {
			_, err = w.ImportXpub(ctx, "default", a.xpub, wallet.AccountOptions{})
		}
	}
	if err != nil {
		return meter.Usage{}, errors.Join(err, w.Close())
	}
	u, err := j.measure(rules(), func() error { return j.sync(ctx, w) })
	if n := w.Status().Scripts; err == nil && n != j.Scripts {
		err = fmt.Errorf("the wallet watches %d scripts, want %d", n, j.Scripts)
	}
	return u, errors.Join(err, w.Close())
}

// sync runs the client until all is synced and scanned.
func (j *Job) sync(ctx context.Context, w *wallet.Wallet) error {
	params := chain.SimNet()
	pool, err := peer.New(peer.Config{Params: params.Params, UserAgent: "/scanbench:1.0.0/", Connect: j.Peers})
	if err != nil {
		return err
	}
	s, err := spv.New(spv.Config{Params: params, ChainFile: filepath.Join(j.Dir, storeFile), Peers: pool, Wallet: w})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return pool.Run(ctx) })
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		defer cancel()
		err := s.Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip.Height >= j.Tip })
		if err != nil {
			return fmt.Errorf("%w; status: %s", err, s.Status().Reason)
		}
		return nil
	})
	return g.Wait()
}
