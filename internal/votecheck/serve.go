package votecheck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// atOnce is how many blocks are verified at a time. Of each, its successor and up to
	// five blocks with tickets are in memory.
	atOnce = 4

	// newest is how many of the newest blocks are looked at for payments to verify
	// without being asked: a week on the main network.
	newest consensus.Height = 2_016

	// readShare bounds the time for reading the wallets: they are left alone for so many
	// times as long as they took to be read.
	readShare = 20

	// retryPause is how long Serve waits before it tries again after trouble.
	retryPause = 30 * time.Second
)

// Serve verifies votes until ctx ends, then returns nil. Trouble with the file or the
// wallets does not end it: it is a warning of the status, and Serve tries again. All it
// started has ended when it returns.
func (c *Checker) Serve(ctx context.Context) error {
	for {
		err := c.serve(ctx)
		if ctx.Err() != nil {
			c.cfg.Syncer.ReportVotes(spv.VoteReport{})
			return nil
		}
		c.cfg.Log.Warn("Votes are not verified at the moment", "err", err, "again in", retryPause)
		c.cfg.Syncer.ReportVotes(stoppedReport(err))
		if wait.For(ctx, retryPause) != nil {
			c.cfg.Syncer.ReportVotes(spv.VoteReport{})
			return nil
		}
	}
}

// serve opens the file and runs the loop until ctx ends or there is trouble.
func (c *Checker) serve(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	l := &loop{Checker: c, done: make(chan fetched), busy: make(map[chainhash.Hash]bool), unread: true}
	l.verifier = votes.New(c.cfg.Params, l)
	own, stop := context.WithCancel(ctx)
	err := l.run(own)
	stop()
	l.fetches.Wait()
	return errors.Join(err, c.close())
}

// open opens the file and takes over what is in it. A file that cannot be used is moved
// aside: what was in it can be found out again.
func (c *Checker) open() error {
	st := newState(c.cfg.Budget)
	damaged := 0
	each := func(r record) {
		if st.apply(r) != nil {
			damaged++
		}
	}
	network := uint32(c.cfg.Params.ChainParams.Net)
	j, err := openJournal(c.cfg.File, network, each)
	if errors.Is(err, errUnusable) {
		aside, moved := setAside(c.cfg.File)
		if moved != nil {
			return errors.Join(err, moved)
		}
		c.cfg.Log.Warn("Verified votes cannot be read and are verified again", "err", err, "moved to", aside)
		j, err = openJournal(c.cfg.File, network, each)
	}
	if err != nil {
		return fmt.Errorf("open verified votes: %w", err)
	}
	if damaged > 0 {
		c.cfg.Log.Warn("Some verified votes cannot be read and are verified again", "records", damaged)
	}
	c.writing.Lock()
	c.journal = j
	c.writing.Unlock()
	c.show(func() { c.state, c.pending = st, make(map[chainhash.Hash]*pending) })
	return nil
}

// close closes the file, and forgets what was in it.
func (c *Checker) close() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	j := c.journal
	c.journal = nil
	c.show(func() { c.state, c.payments = nil, nil })
	return j.close()
}

// loop is the state of one call of serve. Only its goroutine touches it, but for what the
// fetches hand back.
type loop struct {
	*Checker
	verifier *votes.Verifier
	seen     consensus.BlockID // the tip that the verifier's memory is of
	done     chan fetched
	fetches  sync.WaitGroup
	busy     map[chainhash.Hash]bool // successors that are being fetched
	given    map[consensus.Height]*votes.TicketBlock

	unread  bool // the wallets have changed since they were read
	more    bool // there are payments whose jobs wait for the end of others
	readyAt time.Time
	report  *spv.VoteReport // the last one; nil before the first
}

// fetched is what a fetch brings: first the successor, then the blocks of its tickets.
type fetched struct {
	target
	parent  *wire.MsgBlock // the successor; nil if it is withheld
	tickets map[consensus.Height]*votes.TicketBlock
	whole   bool  // the tickets were fetched
	counted int64 // bytes that the budget was charged
	bytes   int64 // bytes that came
}

// run goes round the loop: look at what is to be done, then wait for something to happen.
func (l *loop) run(ctx context.Context) error {
	changed := l.cfg.Wallets.Watch(ctx)
	l.fetches.Go(func() { l.follow(ctx) })
	for {
		next, err := l.pass(ctx)
		if err != nil || ctx.Err() != nil {
			return err
		}
		timer := wait.NewTimerAt(next)
		select {
		case <-l.wake:
		case <-changed:
			l.unread = true
		case f := <-l.done:
			err = l.fold(ctx, f)
		case <-timer.C():
		case <-ctx.Done():
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// follow pokes the loop when the chain or the connections have changed.
func (l *loop) follow(ctx context.Context) {
	type view struct {
		tip   consensus.BlockID
		ready bool
	}
	var last view
	for st := range l.cfg.Syncer.Changes(ctx, 0) {
		if now := (view{st.Tip, ready(&st)}); now != last {
			last = now
			poke(l.wake)
		}
	}
}

// ready reports whether peers can be asked for blocks of the main chain.
func ready(st *spv.Status) bool {
	return st.Initialised && st.Peers > 0 && (st.Phase == spv.Rescanning || st.Phase == spv.Following)
}

// pass does what is due, and returns when something else will be; zero for never.
func (l *loop) pass(ctx context.Context) (next time.Time, err error) {
	st := l.cfg.Syncer.Status()
	store, err := l.cfg.Syncer.Chain()
	if err != nil || !st.Initialised {
		return time.Time{}, nil
	}
	now := time.Now()
	tip := store.State().Tip
	if tip != l.seen {
		l.unread = true
		l.rewind(store, tip)
	}
	if l.unread {
		if now.Before(l.readyAt) {
			next = l.readyAt
		} else if err := l.read(ctx, tip.Height); err != nil {
			return next, err
		}
	}
	targets, err := l.plan()
	if err != nil {
		return next, err
	}
	if l.more {
		if err := l.begin(l.payments); err != nil { // which only this goroutine changes
			return next, err
		}
	}
	if ready(&st) {
		next = earlier(next, l.start(ctx, store, targets, now))
	}
	l.tell()
	return next, nil
}

// earlier returns the earlier of two times, zero being never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// rewind makes the memory of the verifier that of the main chain, if another branch has
// become that, and forgets what is pending on others.
func (l *loop) rewind(store *chain.Reader, tip consensus.BlockID) {
	hash, err := store.Hash(l.seen.Height)
	kept := err == nil && hash == l.seen.Hash
	l.seen = tip
	if kept && l.seen.Height > 0 {
		return
	}
	onMain := func(id consensus.BlockID) bool {
		hash, err := store.Hash(id.Height)
		return err == nil && hash == id.Hash
	}
	l.verifier = votes.New(l.cfg.Params, l)
	l.mu.Lock()
	rows := *l.state
	rows.order = slices.Clone(rows.order)
	list := make(map[chainhash.Hash]*row, len(rows.results))
	for hash, r := range rows.results {
		list[hash] = r
	}
	l.mu.Unlock()
	rows.results = list
	rows.remember(l.verifier, func(r *row) bool { return onMain(r.Successor) && onMain(r.Block) })
	l.show(func() {
		for hash, p := range l.pending {
			if !onMain(p.successor) {
				delete(l.pending, hash)
			}
		}
	})
}

// read reads the payments of the wallets, and where the transactions of jobs are. It begins
// jobs for payments that are not verified. The error is one of the file: wallets that cannot
// be read now are read later.
func (l *loop) read(ctx context.Context, tip consensus.Height) error {
	began := time.Now()
	var found []payment
	if l.cfg.Least > 0 {
		err := l.cfg.Wallets.EachPayment(ctx, l.cfg.Least, max(0, tip-newest),
			func(wallet string, tx chainhash.Hash, amount dcrutil.Amount, block consensus.BlockID) {
				found = append(found, payment{wallet, tx, amount, block})
			})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("read payments of the wallets: %w", err)
		}
	}
	slices.SortStableFunc(found, func(a, b payment) int { return int(b.block.Height - a.block.Height) })
	l.unread = false
	if err := l.relocate(ctx); err != nil {
		return err
	}
	l.readyAt = time.Now().Add(readShare * time.Since(began))
	l.show(func() { l.payments = found })
	return l.begin(found)
}

// relocate looks for the transactions of the jobs that are not over: a reorganisation may
// have put one into another block. A job whose wallet no longer has it is canceled.
func (l *loop) relocate(ctx context.Context) error {
	var moved []jobRow
	for _, j := range l.jobs() {
		if j.over() {
			continue
		}
		block, _, known, err := l.cfg.Wallets.MinedIn(ctx, j.wallet, j.tx)
		if err != nil || known && block == j.block {
			continue // a wallet that is closed or cannot be read now keeps its jobs
		}
		j.block = block
		if !known {
			j.state, j.ended = JobCanceled, time.Now().Unix()
		}
		moved = append(moved, j)
	}
	if len(moved) == 0 {
		return nil
	}
	return l.update(moved)
}

// jobs returns a copy of the jobs.
func (l *loop) jobs() []jobRow {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.state.jobs)
}

// begin begins a job for each payment, newest first, whose blocks are not all judged. One
// that was canceled is not begun again.
func (l *loop) begin(found []payment) error {
	l.more = false
	l.mu.Lock()
	room := mostJobs - l.state.count(true)
	known := make(map[payment]bool)
	for _, j := range l.state.jobs {
		block := j.block
		if j.state != JobDone {
			block = consensus.BlockID{} // wherever it is
		}
		known[payment{wallet: j.wallet, tx: j.tx, block: block}] = true
	}
	l.mu.Unlock()
	var fresh []jobRow
	for _, p := range found {
		at := payment{wallet: p.wallet, tx: p.tx, block: p.block}
		anywhere := payment{wallet: p.wallet, tx: p.tx}
		if known[at] || known[anywhere] || l.judged(p.block) {
			continue
		}
		if len(fresh) == room {
			l.more = true // the others begin when some are over
			break
		}
		fresh = append(fresh, jobRow{automatic: true, tx: p.tx, amount: int64(p.amount), block: p.block, wallet: p.wallet, began: time.Now().Unix()})
	}
	if len(fresh) == 0 {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	for i := range fresh {
		fresh[i].id = l.state.last + 1 + uint32(i)
	}
	l.mu.Unlock()
	return l.saveJobs(fresh)
}

// judged reports whether nothing is left to verify for a payment in a block: all blocks that
// confirm it are judged, or it is not on the main chain.
func (l *loop) judged(block consensus.BlockID) bool {
	blocks := l.blocksOf(block)
	if len(blocks) == 0 {
		return true
	}
	return len(blocks) == Blocks && !slices.ContainsFunc(blocks, func(b BlockVotes) bool { return b.State != Judged })
}

// plan ends the jobs whose blocks are all judged, and returns what is to be verified for
// the others.
func (l *loop) plan() ([]target, error) {
	var list []target
	var over []jobRow
	for _, j := range l.jobs() {
		if j.over() {
			continue
		}
		judged := 0
		for _, b := range l.blocksOf(j.block) {
			switch b.State {
			case Judged:
				judged++
			case Waiting:
			default:
				list = append(list, target{b.Block, b.Successor, j.automatic, b.Block.Height - j.block.Height})
			}
		}
		if judged == Blocks {
			j.state, j.ended = JobDone, time.Now().Unix()
			over = append(over, j)
		}
	}
	if len(over) > 0 {
		if err := l.update(over); err != nil {
			return nil, err
		}
		poke(l.wake) // there may be room for other jobs
	}
	return sortTargets(list), nil
}

// update writes jobs that have changed, but for those that a caller of Cancel has ended
// meanwhile.
func (l *loop) update(changed []jobRow) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	changed = slices.DeleteFunc(changed, func(j jobRow) bool {
		i := l.state.find(j.id)
		return i < 0 || l.state.jobs[i].over()
	})
	l.mu.Unlock()
	return l.saveJobs(changed)
}
