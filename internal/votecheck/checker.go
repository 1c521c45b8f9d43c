package votecheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/consensus"
)

// Blocks is how many blocks are verified of a payment: its own and those after it.
const Blocks = 6

// DefaultBudget is how many bytes are fetched in an hour at most. Twelve blocks come in an
// hour, for each of which its successor and five blocks with tickets are fetched: with
// full blocks of the main network that is 28 MiB.
const DefaultBudget = 64 << 20

// largestBlock is the size of a block of any network at most (wire.MaxBlockPayload).
const largestBlock = 1_310_720

// Errors of a Checker's methods.
var (
	// ErrStopped means that Serve does not run, or has no file at the moment.
	ErrStopped = errors.New("votes are not verified at the moment")

	// ErrNotMined means that no block holds the transaction, so that there are no votes.
	ErrNotMined = errors.New("transaction is not in a block yet: there are no votes to verify")

	// ErrUnknown means that the wallet has no such transaction.
	ErrUnknown = errors.New("no such transaction in this wallet")

	// ErrTooMany means that as many jobs as may be asked for are not over yet.
	ErrTooMany = errors.New("too many verifications are not over yet")

	// ErrNoJob means that there is no job of the number that Cancel is given.
	ErrNoJob = errors.New("there is no such job")

	// ErrJobOver means that the job which Cancel is to end is over.
	ErrJobOver = errors.New("the job is over")
)

// Config is what a Checker is made from. Zero values mean the defaults.
type Config struct {
	// Params are the facts of the network, Syncer and Wallets what is verified for whom.
	// Required.
	Params  *consensus.Params
	Syncer  Syncer
	Wallets Wallets

	// File is the path of the file with what was found out. It is created when
	// missing; its directory must exist when Serve runs. Required.
	File string

	// Least is the least that a transaction adds to a wallet, in atoms, to be verified
	// without being asked for. Zero verifies on request only.
	Least dcrutil.Amount

	// Budget is how many bytes of blocks are fetched in an hour at most. The least is
	// eight times the largest block, 10 MiB.
	Budget int64

	// FetchTimeout is how long peers are asked for a block until it counts as
	// withheld; by default two minutes.
	FetchTimeout time.Duration

	// Log takes what happens; nil drops it.
	Log *slog.Logger
}

// validate returns the configuration with its defaults filled in.
func (c Config) validate() (Config, error) {
	switch {
	case c.Params == nil, c.Syncer == nil, c.Wallets == nil, c.File == "":
		return c, errors.New("config: Params, Syncer, Wallets and File are required")
	case c.Least < 0 || c.FetchTimeout < 0:
		return c, errors.New("config: Least and FetchTimeout must not be negative")
	case c.Budget != 0 && c.Budget < 8*largestBlock:
		return c, fmt.Errorf("config: Budget is %d, it must be at least %d", c.Budget, 8*largestBlock)
	}
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	if c.FetchTimeout == 0 {
		c.FetchTimeout = 2 * time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Checker verifies the votes behind payments. Make one with New.
type Checker struct {
	cfg  Config
	wake chan struct{} // capacity one: something is to be looked at

	// writing serialises appends to the journal. It is taken before mu, which is
	// never held while the journal is written.
	writing sync.Mutex
	journal *journal // nil while Serve has no file

	mu       sync.Mutex // guards all below
	state    *journaled // nil while Serve has no file
	pending  map[chainhash.Hash]*pending
	payments []payment
	watchers map[chan struct{}]struct{}
	version  uint64 // of what readers can see
	hashes   hashes
}

// payment is a transaction that adds at least Config.Least to a wallet.
type payment struct {
	wallet string
	tx     chainhash.Hash
	amount dcrutil.Amount
	block  consensus.BlockID
}

// New returns a Checker. It validates the configuration and does no I/O.
func New(cfg Config) (*Checker, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	return &Checker{
		cfg: cfg, wake: make(chan struct{}, 1),
		pending: make(map[chainhash.Hash]*pending), watchers: make(map[chan struct{}]struct{}),
	}, nil
}

// Least returns the least that a transaction adds to a wallet, in atoms, to be verified
// without being asked for; zero if none is.
func (c *Checker) Least() dcrutil.Amount { return c.cfg.Least }

// JobState says whether a job is over.
type JobState uint8

// The states of jobs.
const (
	JobRunning  JobState = iota // also while the blocks to verify are not mined yet
	JobDone                     // all six blocks are judged
	JobCanceled                 // given up, or the wallet has lost the transaction
)

// Job is the verification of the votes behind one transaction. It outlasts a restart.
type Job struct {
	ID        uint32 // FirstJob or above; unique in the daemon
	Wallet    string
	Tx        chainhash.Hash
	Automatic bool // it follows from Config.Least
	State     JobState

	// From is the height of the transaction's block, Target that of the last block that
	// is verified, and At that of the last one up to which all are. From is zero while
	// no block holds the transaction.
	From, At, Target consensus.Height

	Began time.Time
	Ended time.Time // zero while it is not over

	// Waits says in one sentence what it waits for; empty if it is over or goes on.
	Waits string
}

// Over reports whether the job is done or was canceled.
func (j *Job) Over() bool { return j.State != JobRunning }

// Progress returns the share of the blocks that are judged, 0 to 1.
func (j *Job) Progress() float64 {
	if j.State == JobDone {
		return 1
	}
	return float64(max(0, j.At-j.From+1)) / Blocks
}

// Request has the votes behind a transaction of a wallet verified, and returns the job:
// the one that there is already, if it is not over. The error is ErrStopped, ErrUnknown,
// ErrNotMined, ErrTooMany, or that the wallet cannot be read or the file not written.
func (c *Checker) Request(ctx context.Context, wallet string, tx chainhash.Hash) (Job, error) {
	block, amount, known, err := c.cfg.Wallets.MinedIn(ctx, wallet, tx)
	switch {
	case err != nil:
		return Job{}, err
	case !known:
		return Job{}, fmt.Errorf("verify the votes behind %v: %w", tx, ErrUnknown)
	case block == consensus.BlockID{}:
		return Job{}, fmt.Errorf("verify the votes behind %v: %w", tx, ErrNotMined)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	j, err := c.newJob(jobRow{tx: tx, amount: int64(amount), block: block, wallet: wallet})
	if err != nil {
		return Job{}, fmt.Errorf("verify the votes behind %v: %w", tx, err)
	}
	poke(c.wake)
	return c.describe(&j), nil
}

// newJob adds a job to the file unless there is one for the transaction that is not
// over. The caller holds c.writing. The error is ErrStopped, ErrTooMany or one of the file.
func (c *Checker) newJob(j jobRow) (jobRow, error) {
	c.mu.Lock()
	switch {
	case c.state == nil:
		c.mu.Unlock()
		return j, ErrStopped
	case c.state.active(j.wallet, j.tx) != nil:
		j = *c.state.active(j.wallet, j.tx)
		c.mu.Unlock()
		return j, nil
	case !j.automatic && c.state.count(false) >= mostRequests:
		c.mu.Unlock()
		return j, ErrTooMany
	}
	j.id, j.began = c.state.last+1, time.Now().Unix()
	c.mu.Unlock()
	return j, c.saveJobs([]jobRow{j})
}

// saveJobs writes jobs to the file, and then shows them. The caller holds c.writing.
func (c *Checker) saveJobs(list []jobRow) error {
	if c.journal == nil {
		return ErrStopped
	}
	records := make([]record, len(list))
	for i := range list {
		records[i] = record{recordJob, list[i].encode()}
	}
	if err := c.journal.add(records...); err != nil {
		return fmt.Errorf("write %s: %w", c.cfg.File, err)
	}
	c.show(func() {
		for _, j := range list {
			c.state.putJob(j)
		}
	})
	return nil
}

// Cancel gives up the job of a number of a wallet. What was found out stays known, and the
// transaction is verified again only when that is asked for.
// The error is ErrNoJob, ErrJobOver, ErrStopped or one of the file.
func (c *Checker) Cancel(wallet string, id uint32) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	if c.state == nil {
		c.mu.Unlock()
		return ErrStopped
	}
	i := c.state.find(id)
	if i < 0 || c.state.jobs[i].wallet != wallet {
		c.mu.Unlock()
		return fmt.Errorf("job %d: %w", id, ErrNoJob)
	}
	j := c.state.jobs[i]
	c.mu.Unlock()
	if j.over() {
		return fmt.Errorf("job %d: %w", id, ErrJobOver)
	}
	j.state, j.ended = JobCanceled, time.Now().Unix()
	err := c.saveJobs([]jobRow{j})
	poke(c.wake)
	return err
}

// Jobs returns the jobs of a wallet in the order in which they began: those that are not
// over, and the last ones that are.
func (c *Checker) Jobs(wallet string) []Job {
	c.mu.Lock()
	var rows []jobRow
	if c.state != nil {
		rows = slices.Clone(c.state.jobs)
	}
	c.mu.Unlock()
	var list []Job
	for i := range rows {
		if rows[i].wallet == wallet {
			list = append(list, c.describe(&rows[i]))
		}
	}
	return list
}

// Oldest returns the number of the oldest job up to which none was dropped, which those
// that are over are in time; zero if none ever was.
func (c *Checker) Oldest() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == nil || c.state.dropped == 0 {
		return 0
	}
	return c.state.dropped + 1
}

// describe tells how far a job is.
func (c *Checker) describe(j *jobRow) Job {
	out := Job{
		ID: j.id, Wallet: j.wallet, Tx: j.tx, Automatic: j.automatic, State: j.state,
		Began: unixTime(j.began), Ended: unixTime(j.ended),
	}
	if j.block == (consensus.BlockID{}) {
		out.Waits = "No block holds the transaction any longer: waiting for one."
		return out
	}
	out.From, out.Target, out.At = j.block.Height, j.block.Height+Blocks-1, max(0, j.block.Height-1)
	if j.state == JobDone {
		out.At = out.Target
		return out
	}
	for _, b := range c.blocksOf(j.block) {
		if b.State != Judged {
			if !j.over() {
				out.Waits = b.State.sentence(b.Block)
			}
			break
		}
		out.At = b.Block.Height
	}
	return out
}

// Watch returns a channel that is poked (capacity one) when what the other methods return
// has changed, until ctx ends; it is never closed.
func (c *Checker) Watch(ctx context.Context) <-chan struct{} {
	reader := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers[reader] = struct{}{}
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, reader)
	})
	return reader
}

// Version returns a number that grows whenever what the other methods return has changed
// for another reason than that the main chain has.
func (c *Checker) Version() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// show makes a change that readers can see, and pokes them.
func (c *Checker) show(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.version++
	for reader := range c.watchers {
		poke(reader)
	}
}

// poke wakes the reader of a channel of capacity one.
func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Wait returns nil once all blocks of a job are judged that can be by now, or those that
// are not are withheld; or the cause of the end of ctx. The error is ErrNoJob, or ErrStopped
// if Serve ends meanwhile.
func (c *Checker) Wait(ctx context.Context, id uint32) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	changed := c.Watch(ctx)
	for {
		done, err := c.idle(id)
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// idle reports whether a job is over, or waits for blocks that are withheld or not mined.
func (c *Checker) idle(id uint32) (bool, error) {
	c.mu.Lock()
	if c.state == nil {
		c.mu.Unlock()
		return false, ErrStopped
	}
	i := c.state.find(id)
	if i < 0 {
		c.mu.Unlock()
		return false, fmt.Errorf("job %d: %w", id, ErrNoJob)
	}
	j := c.state.jobs[i]
	c.mu.Unlock()
	judged := 0
	for _, b := range c.blocksOf(j.block) {
		switch b.State {
		case Queued:
			return j.over(), nil
		case Judged:
			judged++
		}
	}
	return j.over() || judged < Blocks, nil
}

// result returns the result that is kept for a block and its successor, nil if there is
// none.
func (c *Checker) result(block, successor consensus.BlockID) *row {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == nil {
		return nil
	}
	if r := c.state.results[successor.Hash]; r != nil && r.Block == block {
		return r
	}
	return nil
}

// verdict returns what a result means.
func (c *Checker) verdict(r *row) votes.Verdict { return r.Verdict(c.cfg.Params) }
