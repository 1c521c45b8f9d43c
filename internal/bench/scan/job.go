package scan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spvd/spvd/internal/bench/client"
	"github.com/spvd/spvd/internal/bench/floor"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
	"github.com/spvd/spvd/wallet"
)

// walletName is the name of the wallet in the directory of a job.
const walletName = "wallet"

// What a measured process can have to do.
const (
	taskDownload = "download" // what the floor of a first sync does
	taskFirst    = "first"    // sync and discover, from nothing
	taskRescan   = "rescan"   // all blocks for what the wallet knows
	taskFloor    = "floor"    // hash and decode
	taskMatch    = "match"    // match as the client does
	taskMatchAny = "matchany" // match as gcs/v4 does
	taskFetch    = "fetch"    // fetch the blocks that match
)

// role is that of all measured processes. Their work is a Job.
const role = "scan"

// Roles returns what a process of the benchmark can have to do.
func Roles() map[string]process.Role { return map[string]process.Role{role: process.Of(do)} }

// Job is what a measured process has to do.
type Job struct {
	Task     string
	Peers    []string
	Dir      string // of the store and the wallet, or of flat files
	Tip      consensus.Height
	Account  byte // the number of the account
	Scripts  int  // that are watched in the end
	Paid     int  // the blocks that pay it
	Profiles string

	Waypoints []consensus.BlockID
}

// params returns the rules of the network with the waypoints.
func (j *Job) params() *consensus.Params {
	p := consensus.SimNet()
	p.Waypoints = j.Waypoints
	return p
}

// do does a job and returns what it took.
func do(ctx context.Context, j Job) (meter.Usage, error) {
	u, err := j.do(ctx)
	if err != nil {
		return u, fmt.Errorf("%s: %w", j.Task, err)
	}
	return u, nil
}

func (j *Job) do(ctx context.Context) (meter.Usage, error) {
	switch j.Task {
	case taskDownload:
		return j.measure(nil, func() error {
			return floor.Run(ctx, floor.Config{Params: j.params(), Peers: j.Peers, Dir: j.Dir, Tip: j.Tip, Waypoints: j.Waypoints})
		})
	case taskFirst, taskRescan:
		return j.scan(ctx)
	}
	scripts, err := j.watched()
	if err != nil {
		return meter.Usage{}, err
	}
	if j.Task == taskFetch {
		return j.fetch(ctx, scripts)
	}
	l, err := loaded(ctx, j.Dir, scripts)
	if err != nil {
		return meter.Usage{}, err
	}
	return j.measure(nil, func() error {
		var hits uint64
		switch j.Task {
		case taskFloor:
			_, err := l.floor()
			return err
		case taskMatch:
			hits, err = l.match()
		default:
			hits, err = l.matchAny()
		}
		if err == nil && hits < uint64(j.Paid) {
			err = fmt.Errorf("%d filters match", hits)
		}
		return err
	})
}

// fetch measures how long it takes to fetch the blocks that match, once it is known
// which these are.
func (j *Job) fetch(ctx context.Context, scripts [][]byte) (u meter.Usage, err error) {
	c, err := chain.Open(chain.Config{Params: j.params(), Path: client.StoreFile(j.Dir)})
	if err != nil {
		return u, err
	}
	var m match.Matcher
	var blocks []floor.Block
	set := match.NewSet(scripts)
	err = c.Scan(1, c.State().Filters.Height, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		matches, err := m.Any(h.FilterKey(), filter, set)
		if matches {
			blocks = append(blocks, floor.Block{Hash: id.Hash, Header: *h})
		}
		return errors.Join(err, ctx.Err())
	})
	if err = errors.Join(err, c.Close()); err != nil {
		return u, err
	}
	if len(blocks) < j.Paid {
		return u, fmt.Errorf("%d filters match", len(blocks))
	}
	u, err = j.measure(nil, func() error { return floor.Blocks(ctx, j.params(), j.Peers, blocks) })
	u.Items = len(blocks)
	return u, err
}

// measure measures what do does.
func (j *Job) measure(rules []meter.Rule, do func() error) (meter.Usage, error) {
	file := ""
	if j.Profiles != "" {
		file = filepath.Join(j.Profiles, j.Task+".pprof")
	}
	return meter.Measure(rules, file, do)
}

// watched returns the scripts of the wallet, by asking it.
func (j *Job) watched() (scripts [][]byte, err error) {
	set, _, err := j.open()
	if err != nil {
		return nil, err
	}
	set.Locator() // begins the step whose blocks are matched against the scripts
	scripts, _ = set.Scripts()
	if len(scripts) != j.Scripts {
		err = fmt.Errorf("the wallet watches %d scripts, want %d", len(scripts), j.Scripts)
	}
	return scripts, errors.Join(err, set.Close())
}

// open opens the wallet of a job, in a set as the syncer takes it along.
func (j *Job) open() (*wallet.Set, *wallet.Wallet, error) {
	set := wallet.NewSet(wallet.SetConfig{Dir: j.Dir, Params: consensus.SimNet()})
	w, err := set.Make(walletName)
	return set, w, err
}

// scan measures a first sync with the wallet, or a rescan for it.
func (j *Job) scan(ctx context.Context) (meter.Usage, error) {
	set, w, err := j.open()
	if err != nil {
		return meter.Usage{}, err
	}
	if j.Task == taskRescan {
		_, err = w.StartRescan(ctx, 0)
	} else {
		var a account
		if a, err = newAccount(j.Account); err == nil {
			_, err = w.ImportXpub(ctx, "default", a.xpub, wallet.AccountOptions{})
		}
	}
	if err != nil {
		return meter.Usage{}, errors.Join(err, set.Close())
	}
	u, err := j.measure(rules(), func() error {
		return client.Run(ctx, client.Config{Params: j.params(), Peers: j.Peers, Dir: j.Dir, Tip: j.Tip, Wallet: set})
	})
	if n := w.Status().Scripts; err == nil && n != j.Scripts {
		err = fmt.Errorf("the wallet watches %d scripts, want %d", n, j.Scripts)
	}
	return u, errors.Join(err, set.Close())
}
