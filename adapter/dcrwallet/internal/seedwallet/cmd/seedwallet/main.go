package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spvd/spvd/adapter/dcrwallet"
	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
)

// settings are the flags.
type settings struct {
	backend, dir, seed, connect string
}

func main() {
	var s settings
	flag.StringVar(&s.backend, "backend", "adapter", "adapter or reference")
	flag.StringVar(&s.dir, "dir", "", "directory of the wallet")
	flag.StringVar(&s.seed, "seed", "", "seed in hexadecimal")
	flag.StringVar(&s.connect, "connect", "", "the peers, separated by commas")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "seedwallet:", err)
		os.Exit(1)
	}
}

// run serves requests until there are no more, or the syncer fails.
func run(s settings) (err error) {
	seed, err := hex.DecodeString(s.seed)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w, err := seedwallet.Open(ctx, s.dir, seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	backend, err := s.syncer(w)
	if err != nil {
		return err
	}
	d := newDesk(w, backend)
	backend.SetNotifications(d.callbacks())
	var syncing error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer stop()
		syncing = backend.Run(ctx)
	})
	err = d.serve(ctx, os.NewFile(3, "requests"), os.NewFile(4, "replies"))
	stop()
	wg.Wait()
	if !errors.Is(syncing, context.Canceled) {
		err = errors.Join(err, syncing)
	}
	return err
}

// syncer returns the backend that was asked for.
func (s settings) syncer(w *seedwallet.Wallet) (seedwallet.Backend, error) {
	peers := strings.Split(s.connect, ",")
	switch s.backend {
	case "adapter":
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		return seedwallet.NewAdapter(w, dcrwallet.Config{Dir: filepath.Join(s.dir, "engine"), Connect: peers, Log: log}), nil
	case "reference":
		r := seedwallet.NewReference(w, s.dir, nil)
		r.SetPersistentPeers(peers)
		return r, nil
	}
	return nil, fmt.Errorf("backend %q is neither adapter nor reference", s.backend)
}

// serve answers requests until there are no more. When ctx ends it closes them.
func (d *desk) serve(ctx context.Context, requests, replies *os.File) error {
	defer context.AfterFunc(ctx, func() { requests.Close() })()
	lines := bufio.NewScanner(requests)
	out := json.NewEncoder(replies)
	for lines.Scan() {
		var q request
		r := reply{}
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			r.Result, err = d.answer(ctx, q)
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil // the error is that of the syncer
	}
	return lines.Err()
}
