package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/local"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/version"
)

// The subsystems of the log.
const (
	logPeer   = "PEER"
	logSync   = "SYNC"
	logVotes  = "VOTE"
	logWallet = "WLLT"
	logServe  = "SERV"
	logCalls  = "RPCS"
)

var (
	// ErrRunning is returned by Start while the engine runs.
	ErrRunning = spvd.ErrRunning

	// ErrClosed is returned after Close.
	ErrClosed = spvd.ErrClosed

	// ErrNotRunning is returned by Next while the engine does not run, and by calls that
	// subscribe.
	ErrNotRunning = errors.New("the client is not running: start it first")

	// ErrNoEvent is returned by Next when there was no event in time.
	ErrNoEvent = errors.New("no event has come in time")
)

// Engine is a light client with the methods of JSON-RPC. Make one with Open.
type Engine struct {
	client  *spvd.Client
	methods *method.Registry
	logs    *logging.Log
	logFile io.Closer     // nil without one
	idle    *local.Client // answers calls while nothing runs

	mu     sync.Mutex // guards what follows, held for a moment
	run    *run       // since Start, until Stop; nil before and after
	closed bool

	closing sync.Once // Close, once
	failure error     // of closing
}

// run is what Start has begun.
type run struct {
	stop  context.CancelFunc
	calls *local.Client
	wg    sync.WaitGroup
	ended chan struct{} // closed after err is set
	err   error
}

// Open opens the data of a network, as spvd.Open does, with a configuration that is the JSON
// of a Config. The error is a *spvd.ConfigError, an *spvd.InUseError, or one of a file.
func Open(config string) (*Engine, error) {
	cfg, err := parseConfig(config)
	if err != nil {
		return nil, err
	}
	settings, err := cfg.client(time.Now())
	if err != nil {
		return nil, err
	}
	e := &Engine{}
	if err := e.openLog(&cfg); err != nil {
		return nil, err
	}
	settings.Log, settings.PeerLog = e.logs.Logger(logSync), e.logs.Logger(logPeer)
	settings.WalletLog, settings.VotesLog = e.logs.Logger(logWallet), e.logs.Logger(logVotes)
	settings.ServeLog = e.logs.Logger(logServe)
	if e.client, err = spvd.Open(settings); err != nil {
		return nil, errors.Join(err, e.closeLog())
	}
	e.methods = method.NewRegistry(e.core(&settings))
	e.idle = local.New(local.Config{Methods: e.methods, Log: e.logs.Logger(logCalls)})
	return e, nil
}

// openLog opens the log.
func (e *Engine) openLog(cfg *Config) error {
	out := io.Discard
	if cfg.LogFile != "" {
		file, err := logging.OpenFile(cfg.LogFile)
		if err != nil {
			return err
		}
		out, e.logFile = file, file
	}
	e.logs = logging.New(out, logging.Text, logSync, logPeer, logVotes, logWallet, logServe, logCalls)
	if cfg.DebugLevel == "" {
		return nil
	}
	if err := e.logs.SetLevels(cfg.DebugLevel); err != nil {
		return errors.Join(&spvd.ConfigError{Field: "debuglevel", Err: err}, e.closeLog())
	}
	return nil
}

func (e *Engine) closeLog() error {
	if e.logFile == nil {
		return nil
	}
	return e.logFile.Close()
}

// core returns what the methods work on.
func (e *Engine) core(settings *spvd.Config) method.Core {
	c := e.client
	agent := settings.UserAgent
	if agent == "" {
		agent = "/spvd:" + version.Number() + "/"
	}
	return method.Core{
		Params: c.Params(), Syncer: c.Sync(), Pool: c.Peers(), Wallets: c.Wallets(), Votes: c.Votes(), Snapshots: c.Snapshots(), Server: c.Server(),
		Hub:  feed.NewHub(c.Sync(), c.Wallets(), c.Votes()),
		Logs: e.logs,
		Stop: e.interrupt,
		Version: api.Version{
			VersionString: version.String(), Major: version.Major, Minor: version.Minor, Patch: version.Patch,
			Prerelease: version.PreRelease, BuildMetadata: version.Metadata(),
		},
		UserAgent:       agent,
		ProtocolVersion: wire.BatchedCFiltersV2Version,
		Proxy:           settings.Proxy,
	}
}

// Start connects to peers and syncs, beside the caller, until Stop. It may be called again
// after that, or after the engine has ended by itself. The error is ErrRunning or ErrClosed.
func (e *Engine) Start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrClosed
	case e.run != nil && !e.run.over():
		return ErrRunning
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &run{
		stop: stop, ended: make(chan struct{}),
		calls: local.New(local.Config{Methods: e.methods, Log: e.logs.Logger(logCalls), Subscribe: true}),
	}
	r.wg.Go(func() { r.work(ctx, e.client, e.methods.Core.Hub) })
	e.run = r
	return nil
}

// work runs the client until ctx ends.
func (r *run) work(ctx context.Context, client *spvd.Client, hub *feed.Hub) {
	defer close(r.ended)
	defer r.stop()
	var beside sync.WaitGroup
	beside.Go(func() { hub.Run(ctx) })
	r.err = client.Run(ctx)
	r.stop()
	beside.Wait()
	r.calls.Close()
}

// over reports whether the client has ended by itself, or was stopped.
func (r *run) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// interrupt makes the run end, and does not wait for that.
func (e *Engine) interrupt() {
	if r := e.current(); r != nil {
		r.stop()
	}
}

// current returns what Start has begun, nil before it and after Stop.
func (e *Engine) current() *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run
}

// Stop ends what Start has begun, with all calls and subscriptions, and returns when it has
// ended. The error is the one with which the client ended by itself, if it did. Without a
// Start, Stop does nothing. A second Stop beside the first waits as well.
func (e *Engine) Stop() error {
	r := e.current()
	if r == nil {
		return nil
	}
	r.stop()
	r.wg.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.run == r {
		e.run = nil
	}
	return r.err
}

// Call calls a method for a wallet; an empty name is the default wallet. The parameters are a
// JSON array or object, or empty. It returns the result as JSON. The error is ErrClosed,
// ErrNotRunning for a method that subscribes, or an *api.Error.
func (e *Engine) Call(walletName, name, params string) (string, error) {
	calls, err := e.caller(name)
	if err != nil {
		return "", err
	}
	result, err := calls.Call(context.Background(), walletName, name, json.RawMessage(params))
	return string(result), err
}

// caller returns what answers a call of a method.
func (e *Engine) caller(name string) (*local.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return nil, ErrClosed
	case e.run != nil && !e.run.over():
		return e.run.calls, nil
	}
	if m := e.methods.Find(name); m != nil && m.Websocket {
		return nil, ErrNotRunning
	}
	return e.idle, nil
}

// Next waits for the next event of a subscription, at most for the given time, or without a
// bound if it is negative. See local.Client.Next for its form. The error is ErrNoEvent,
// ErrNotRunning or ErrClosed; when the client has ended by itself, ErrNotRunning with the
// error of that.
func (e *Engine) Next(within time.Duration) (string, error) {
	r := e.current()
	if r == nil {
		return "", e.absence(nil)
	}
	ctx := context.Background()
	if within >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	event, err := r.calls.Next(ctx)
	switch {
	case err == nil:
		return string(event), nil
	case errors.Is(err, context.DeadlineExceeded):
		return "", ErrNoEvent
	}
	<-r.ended // calls are closed when the run ends
	return "", e.absence(r.err)
}

// absence returns why there is no event: the engine is closed, or does not run because of an
// error, nil if it was stopped.
func (e *Engine) absence(cause error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrClosed
	case cause != nil:
		return fmt.Errorf("%w: it has ended: %w", ErrNotRunning, cause)
	}
	return ErrNotRunning
}

// Close stops the engine, closes its files and releases the lock of the directory. It returns
// the error of Stop or of closing a file. Calls that run are ended. It may be called again.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.closing.Do(func() {
		stopped := e.Stop()
		e.idle.Close()
		e.failure = errors.Join(stopped, e.client.Close(), e.closeLog())
	})
	return e.failure
}
