package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
)

// cost is what a sync has cost.
type cost struct {
	Wall     time.Duration // from the start of the syncer until the wallet is synced
	Height   int32
	Payments int
	CPU      time.Duration `json:"-"` // of the whole process
}

// run runs a sync in a process of its own, and checks that it has found everything.
func (s settings) run(ctx context.Context, role string, addrs []string) (c cost, err error) {
	ended, err := s.child(ctx, role, addrs, &c)
	if err != nil {
		return c, err
	}
	if int(c.Height) != s.height || c.Payments != s.payments {
		return c, fmt.Errorf("the wallet has %d payments at height %d, want %d at %d", c.Payments, c.Height, s.payments, s.height)
	}
	c.CPU = ended.UserTime() + ended.SystemTime()
	return c, nil
}

// child runs this command in a role, in a process and a directory of its own, and decodes what it
// prints into a result.
func (s settings) child(ctx context.Context, role string, addrs []string, result any) (*os.ProcessState, error) {
	dir, err := os.MkdirTemp("", "walletbench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", role, "-dir", dir, "-connect", strings.Join(addrs, ","),
		"-height", strconv.Itoa(s.height), "-payments", strconv.Itoa(s.payments), "-cache", s.cache)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	return cmd.ProcessState, json.Unmarshal(out, result)
}

// sync syncs a wallet in the role that the settings name, and prints what it has cost.
func (s settings) sync(ctx context.Context) (err error) {
	w, err := seedwallet.Open(ctx, s.dir, seed())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var c cost
	if s.role == "alone" {
		c.Wall, err = s.syncAlone(ctx, w)
	} else {
		c.Wall, err = s.syncWith(ctx, w)
	}
	if err != nil {
		return err
	}
	summary, err := w.Summary(ctx)
	if err != nil {
		return err
	}
	c.Height, c.Payments = summary.Height, len(summary.History)
	return json.NewEncoder(os.Stdout).Encode(c)
}

// syncWith runs a syncer until the wallet is synced, and returns how long that took.
func (s settings) syncWith(ctx context.Context, w *seedwallet.Wallet) (time.Duration, error) {
	var backend seedwallet.Backend
	if s.role == "adapter" {
		backend = seedwallet.NewAdapter(w, dcrwallet.Config{Dir: filepath.Join(s.dir, "engine")})
	} else {
		backend = seedwallet.NewReference(w, s.dir, nil)
	}
	backend.SetPersistentPeers(strings.Split(s.connect, ","))
	synced := make(chan time.Time, 1)
	backend.SetNotifications(&dcrwallet.Notifications{Synced: func(is bool) {
		if is {
			select {
			case synced <- time.Now():
			default:
			}
		}
	}})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	began := time.Now()
	ended := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { ended <- backend.Run(ctx) })
	defer wg.Wait()
	select {
	case at := <-synced:
		stop()
		return at.Sub(began), nil
	case err := <-ended:
		return 0, err
	}
}
