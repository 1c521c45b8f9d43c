package spvd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/prune"
	"github.com/spvd/spvd/internal/snapshot/checkpointer"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/peer/serve"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// ErrRunning is returned by Run and Close while Run runs.
var ErrRunning = errors.New("the client is running")

// ErrClosed is returned by Run and Wallet after Close.
var ErrClosed = errors.New("the client is closed")

// proxyDialTimeout is how long a connection through a proxy may take: Tor builds a
// circuit for each.
const proxyDialTimeout = 30 * time.Second

// Client is a light client: peers, wallets and the syncer on the data of one directory.
// All methods may be called from any goroutine.
type Client struct {
	lock    *Lock
	params  *consensus.Params
	wallets *wallet.Set
	peers   *peer.Pool
	syncer  *spv.Syncer
	votes   *votecheck.Checker

	snapshots *checkpointer.Checkpointer // nil if no snapshot is written
	server    *serve.Server              // nil if no light clients are served
	prunes    *prune.Pruner              // nil if no filters are deleted

	mu      sync.Mutex // guards what follows, held for a moment
	running bool
	closed  bool
}

// Open opens the data of a network, and all wallets in it, and imports the accounts of the
// configuration. It makes no connection and starts no goroutine.
//
// The error is a *ConfigError if the configuration is wrong, an *InUseError if another
// process uses the directory, and otherwise one of the file system or of a wallet file. A
// damaged chain store is no error here: Run repairs it.
func Open(cfg Config) (c *Client, err error) {
	given := cfg.Lock
	cfg, err = cfg.complete()
	if err != nil {
		return nil, errors.Join(err, given.release())
	}
	held := given
	if held == nil {
		if held, err = TakeLock(cfg.Dir, cfg.Network); err != nil {
			return nil, err
		}
	}
	c = &Client{lock: held, params: cfg.Network.Params()}
	if cfg.Known != nil {
		cfg.Known.Apply(c.params)
	}
	if err := c.open(&cfg); err != nil {
		if c.wallets != nil {
			err = errors.Join(err, c.wallets.Close())
		}
		return nil, errors.Join(err, held.release())
	}
	return c, nil
}

// open makes the parts, the lowest first.
func (c *Client) open(cfg *Config) (err error) {
	dir := cfg.Network.Dir(cfg.Dir)
	settings := wallet.SetConfig{Dir: filepath.Join(dir, WalletDir), Params: c.params, Log: cfg.WalletLog, Now: cfg.Now,
		SearchIssued: cfg.SearchNewAddresses, FiltersOnDemand: cfg.LowBandwidth}
	if cfg.Birthday != nil {
		settings.Birthday, settings.ImportsBorn = *cfg.Birthday, cfg.Birthday
	}
	c.wallets = wallet.NewSet(settings)
	if err := c.wallets.OpenAll(); err != nil {
		return err
	}
	if err := c.importAccounts(cfg.Accounts, cfg.WalletLog); err != nil {
		return refusal("Accounts", err)
	}
	_, watching := c.wallets.Scanned()
	network, err := cfg.pool(c.params, watching)
	if err != nil {
		return err
	}
	if c.peers, err = peer.New(network); err != nil {
		return err
	}
	sources, err := cfg.sources()
	if err != nil {
		return err
	}
	c.syncer, err = spv.New(spv.Config{
		Params:     c.params,
		ChainFile:  filepath.Join(dir, ChainFile),
		Peers:      c.peers.Peers(),
		Wallet:     c.wallets,
		Bootstrap:  sources,
		Log:        cfg.Log,
		Now:        cfg.Now,
		DeepReorg:  cfg.DeepReorg,
		BlocksOnly: cfg.BlocksOnly,

		LowBandwidth: cfg.LowBandwidth,
		KeepFilters:  cfg.KeepFilters || cfg.SnapshotDir != "",
		Prune:        cfg.Prune,
	})
	if err != nil {
		return err
	}
	c.votes, err = votecheck.New(votecheck.Config{
		Params:  c.params,
		Syncer:  c.syncer,
		Wallets: c.wallets,
		File:    filepath.Join(dir, VotesFile),
		Least:   cfg.VerifyVotes,
		Log:     cfg.VotesLog,
	})
	if err != nil {
		return err
	}
	if cfg.SnapshotDir != "" {
		if c.snapshots, err = c.checkpointer(cfg); err != nil {
			return err
		}
	}
	if len(cfg.Listen) > 0 {
		if c.server, err = c.makeServer(cfg); err != nil {
			return err
		}
	}
	if cfg.Prune {
		c.prunes, err = c.pruner(cfg)
	}
	return err
}

// checkpointer makes the worker that writes the snapshot.
func (c *Client) checkpointer(cfg *Config) (*checkpointer.Checkpointer, error) {
	return checkpointer.New(checkpointer.Config{
		Params: c.params,
		Dir:    cfg.SnapshotDir,
		Prune:  cfg.Prune,
		Chain:  func() (checkpointer.Chain, error) { return c.syncer.Chain() },
		Changes: func(ctx context.Context) iter.Seq[consensus.BlockID] {
			return func(yield func(consensus.BlockID) bool) {
				type view struct {
					tip          consensus.BlockID
					filters      consensus.Height
					open, synced bool // what is synced is durable
				}
				var last view
				for st := range c.syncer.Changes(ctx, 0) {
					now := view{st.Tip, st.Filters.Current, st.Initialised, st.Synced}
					if now != last && !yield(st.Tip) {
						return
					}
					last = now
				}
			}
		},
		Warn: func(w ...spv.Warning) { c.syncer.Notify("snapshots", w...) },
		Log:  cfg.Log,
	})
}

// importAccounts imports accounts into the default wallet, unless it has their keys: a wallet is
// changed while it runs, accounts are renamed, and the settings that made it stay valid. If the
// file of that wallet cannot be opened while others are open, these are served without the
// accounts, which the status warns of; if it is the only wallet, the error says so.
func (c *Client) importAccounts(accounts []Account, log *slog.Logger) error {
	if len(accounts) == 0 {
		return nil
	}
	if cause := c.wallets.Trouble(wallet.DefaultName); cause != nil {
		if c.anyOpen() {
			return nil
		}
		return fmt.Errorf("the accounts are for the default wallet, the only one there is: %w; or move the file away, so that they make a new wallet", cause)
	}
	born, err := c.wallets.Born("", consensus.Never)
	if err != nil {
		return err
	}
	return c.wallets.Import(wallet.DefaultName, func(w *wallet.Wallet) error {
		for _, a := range accounts {
			known, _, err := w.EnsureXpub(context.Background(), a.Name, a.Xpub, wallet.AccountOptions{Birthday: born})
			if err != nil {
				return err
			}
			if known.Name != a.Name {
				log.Info("Account of the settings has another name in the wallet", "settings", a.Name, "wallet", known.Name)
			}
		}
		return nil
	})
}

// anyOpen reports whether a wallet is open.
func (c *Client) anyOpen() bool {
	list, _ := c.wallets.List() // the directory was read before
	return slices.ContainsFunc(list, func(l wallet.FileInfo) bool { return l.Open })
}

// Run connects to peers and syncs until ctx ends; then it returns nil. It returns an error
// earlier if something fails that the syncer cannot work around: trouble with the disk or
// with a file. Everything that it started has ended when it returns. It may be called again;
// while it runs, the error is ErrRunning, and after Close ErrClosed.
func (c *Client) Run(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.end()
	return orchestrator.Run(ctx, orchestrator.Config{Report: c.reportWorker}, c.workers()...)
}

// workers returns the parts that Run keeps running, each after those that it uses: the syncer asks
// the peers, and the others read the store, which the syncer closes when it has ended.
func (c *Client) workers() []orchestrator.Worker {
	list := []orchestrator.Worker{
		{Name: "peer pool", Serve: c.peers.Run},
		{Name: "sync", Serve: c.syncer.Run},
		{Name: "votes", Serve: c.votes.Serve, Gate: c.initialised, Optional: true},
	}
	if c.snapshots != nil {
		list = append(list, orchestrator.Worker{Name: "snapshots", Serve: c.snapshots.Serve, Gate: c.initialised, Optional: true})
	}
	if c.server != nil {
		list = append(list, orchestrator.Worker{Name: "serving", Serve: c.server.Serve, Gate: c.initialised, Optional: true})
	}
	if c.prunes != nil {
		list = append(list, orchestrator.Worker{Name: "pruning", Serve: c.prunes.Serve, Gate: c.initialised, Optional: true})
	}
	return list
}

// initialised is the gate of what reads the store: it waits until the store is open and consistent.
// A failure of an earlier run, which the status may still show, is none of this one.
func (c *Client) initialised(ctx context.Context) error {
	for st := range c.syncer.Changes(ctx, 0) {
		if st.Initialised {
			return nil
		}
	}
	return context.Cause(ctx)
}

// reportWorker shows in the status that an optional worker has ended, or works again.
func (c *Client) reportWorker(worker string, trouble error) {
	if trouble == nil {
		c.syncer.Notify(worker + " ended")
		return
	}
	c.syncer.Notify(worker+" ended", spv.Warning{
		Code: worker + "-ended",
		Text: fmt.Sprintf("A part of spvd has ended, and is started again: %s: %v.", worker, trouble),
		Hint: "The sync goes on without it. If it happens again, report it with the log.",
	})
}

func (c *Client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case c.running:
		return ErrRunning
	}
	c.running = true
	return nil
}

func (c *Client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
}

// Close closes the wallets and releases the lock of the directory. While Run runs it does
// nothing and returns ErrRunning: end the context of Run and wait for it first. It may be
// called again. The error is one of closing a file; everything is closed all the same.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.running:
		return ErrRunning
	case c.closed:
		return nil
	}
	c.closed = true
	return errors.Join(c.wallets.Close(), c.lock.release())
}

// Sync returns the syncer: the status and its changes, headers, blocks and filters,
// rescans, and publishing. It syncs while Run runs.
func (c *Client) Sync() *spv.Syncer { return c.syncer }

// Peers returns the pool of peers: who is connected, bans, and further addresses. It
// connects while Run runs.
func (c *Client) Peers() *peer.Pool { return c.peers }

// Votes returns what verifies the votes behind payments: what is known about them, jobs, and
// requests. It verifies while Run runs. Its type is not public, because it serves the faces of the
// daemon, which are not either: programs read the methods of JSON-RPC about votes.
func (c *Client) Votes() *votecheck.Checker { return c.votes }

// Snapshots returns what writes the snapshot, or nil if the configuration names no directory
// for it. It writes while Run runs. Its type is not public, like that of Votes.
func (c *Client) Snapshots() *checkpointer.Checkpointer { return c.snapshots }

// Server returns what serves other light clients, or nil if the configuration names no address
// for it. It serves while Run runs.
func (c *Client) Server() *serve.Server { return c.server }

// Wallet returns the wallet of a name; it is opened or created if necessary. A wallet watches
// nothing until something is imported. The error is ErrClosed, wallet.ErrWalletName, or one
// of opening the file.
func (c *Client) Wallet(name string) (*wallet.Wallet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	return c.wallets.Make(name)
}

// Wallets returns the set of wallets: what there is, and what is open.
func (c *Client) Wallets() *wallet.Set { return c.wallets }

// Params returns the parameters of the network, with the known blocks of the
// configuration. They must not be changed.
func (c *Client) Params() *consensus.Params { return c.params }
