package votecheck

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// start fetches the successors of targets that are due, as many at a time as may be, and
// returns when the next one is due.
func (l *loop) start(ctx context.Context, store *chain.Reader, list []target, now time.Time) (next time.Time) {
	for _, t := range list {
		switch {
		case l.busy[t.successor.Hash]:
			continue
		case len(l.busy) >= atOnce:
			return next // a fetch that ends wakes the loop
		}
		if due := l.dueAt(t); due.After(now) {
			next = earlier(next, due)
			continue
		}
		size := sizeOf(store, t.successor.Height)
		if pause := l.spend(now, size); pause > 0 {
			return earlier(next, now.Add(pause))
		}
		l.busy[t.successor.Hash] = true
		l.fetches.Go(func() { l.fetchSuccessor(ctx, t, size) })
	}
	return next
}

// dueAt returns when a target that was withheld is due again; zero if it is now.
func (l *loop) dueAt(t target) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.pending[t.successor.Hash]; p != nil {
		return p.next
	}
	return time.Time{}
}

// sizeOf returns the size that the header of a block states, which is the miner's word,
// and at most that of the largest block.
func sizeOf(store *chain.Reader, h consensus.Height) int64 {
	header, err := store.Header(h)
	if err != nil {
		return largestBlock
	}
	return min(int64(header.Size()), largestBlock)
}

// spend charges the budget, or returns how long to wait until it has room.
func (l *loop) spend(now time.Time, bytes int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pause := l.state.budget.room(now, bytes); pause > 0 {
		return pause
	}
	l.state.budget.add(now, bytes)
	return 0
}

// fetchSuccessor fetches the block with the votes.
func (l *loop) fetchSuccessor(ctx context.Context, t target, counted int64) {
	f := fetched{target: t, counted: counted}
	if f.parent = l.fetchBlock(ctx, t.successor.Hash); f.parent != nil {
		f.bytes = int64(f.parent.SerializeSize())
	}
	l.hand(ctx, f)
}

// hand gives the loop what was fetched.
func (l *loop) hand(ctx context.Context, f fetched) {
	select {
	case l.done <- f:
	case <-ctx.Done():
	}
}

// fetchBlock fetches a block of the main chain. It returns nil if it is withheld.
func (l *loop) fetchBlock(ctx context.Context, hash chainhash.Hash) *wire.MsgBlock {
	own, stop := context.WithTimeout(ctx, l.cfg.FetchTimeout)
	defer stop()
	block, err := l.cfg.Syncer.Block(own, hash)
	if err != nil {
		l.cfg.Log.Debug("No block to verify votes with", "block", hash, "err", err)
		return nil
	}
	return block
}

// fold takes over what was fetched: it fetches the tickets of a successor, and verifies
// the votes once they are there. The error is one of the file.
func (l *loop) fold(ctx context.Context, f fetched) error {
	now := time.Now()
	l.mu.Lock()
	spent := l.state.budget.add(now, f.bytes-f.counted)
	l.mu.Unlock()
	store, err := l.cfg.Syncer.Chain()
	if err != nil || !l.current(store, f.target) {
		delete(l.busy, f.successor.Hash)
		return nil // it has left the main chain
	}
	if f.parent == nil {
		delete(l.busy, f.successor.Hash)
		l.withheld(f.target, SuccessorWithheld, nil, now)
		return nil
	}
	if !f.whole && l.fetchTickets(ctx, store, f, now) {
		return nil
	}
	delete(l.busy, f.successor.Hash)
	return l.verify(ctx, store, f, spent)
}

// current reports whether a target and its successor are on the main chain.
func (l *loop) current(store *chain.Reader, t target) bool {
	hash, err := store.Hash(t.block.Height)
	next, err2 := store.Hash(t.successor.Height)
	return err == nil && err2 == nil && hash == t.block.Hash && next == t.successor.Hash
}

// withheld keeps that a target could not be judged.
func (l *loop) withheld(t target, state State, partial *row, now time.Time) {
	l.show(func() {
		p := l.pending[t.successor.Hash]
		if p == nil {
			p = &pending{block: t.block, successor: t.successor}
			l.pending[t.successor.Hash] = p
		}
		p.fail(state, partial, now)
	})
}

// fetchTickets begins to fetch the blocks of the tickets that are not kept, and reports
// whether there are any. When the budget has no room for them, the successor is fetched
// again once it has.
func (l *loop) fetchTickets(ctx context.Context, store *chain.Reader, f fetched, now time.Time) bool {
	needs := l.verifier.Needs(f.block, f.parent)
	if len(needs) == 0 {
		return false
	}
	ids := make([]consensus.BlockID, 0, len(needs))
	var size int64
	for _, h := range needs {
		if hash, err := store.Hash(h); err == nil {
			ids = append(ids, consensus.BlockID{Height: h, Hash: hash})
			size += sizeOf(store, h)
		}
	}
	if pause := l.spend(now, size); pause > 0 {
		delete(l.busy, f.successor.Hash)
		l.show(func() {
			l.pending[f.successor.Hash] = &pending{block: f.block, successor: f.successor, next: now.Add(pause)}
		})
		return true
	}
	f.counted, f.bytes, f.whole = size, 0, true
	l.fetches.Go(func() {
		f.tickets, f.bytes = l.ticketBlocks(ctx, ids)
		l.hand(ctx, f)
	})
	return true
}

// ticketBlocks fetches blocks side by side, and returns what is needed of those that came.
func (l *loop) ticketBlocks(ctx context.Context, ids []consensus.BlockID) (map[consensus.Height]*votes.TicketBlock, int64) {
	made, sizes := make([]*votes.TicketBlock, len(ids)), make([]int64, len(ids))
	var g sync.WaitGroup
	for i, id := range ids {
		g.Go(func() {
			if block := l.fetchBlock(ctx, id.Hash); block != nil {
				made[i], sizes[i] = votes.NewTicketBlock(block), int64(block.SerializeSize())
			}
		})
	}
	g.Wait()
	found, sum := make(map[consensus.Height]*votes.TicketBlock), int64(0)
	for i, t := range made {
		if t != nil {
			found[t.ID.Height] = t
			sum += sizes[i]
		}
	}
	return found, sum
}

// errWithheld is why the loop has no block of a ticket.
var errWithheld = errors.New("no peer has sent the block")

// Tickets implements votes.Source with what was fetched beforehand.
func (l *loop) Tickets(_ context.Context, h consensus.Height) (*votes.TicketBlock, error) {
	if t := l.given[h]; t != nil {
		return t, nil
	}
	return nil, errWithheld
}

// verify judges a block and keeps the result. What tickets that are withheld could decide
// is not kept but tried again. The error is one of the file.
func (l *loop) verify(ctx context.Context, store *chain.Reader, f fetched, spent spending) error {
	l.given = f.tickets
	for h, t := range l.given {
		if hash, err := store.Hash(h); err != nil || hash != t.ID.Hash {
			delete(l.given, h) // it has left the main chain
		}
	}
	defer func() { l.given = nil }()
	result, err := l.verifier.VerifyVotes(ctx, f.block, f.parent)
	if err != nil {
		return nil // ctx has ended: the successor is that of the block by its header
	}
	r := &row{Result: *result, voters: uint8(min(f.parent.Header.Voters, 255))}
	verdict := l.verdict(r)
	if verdict == votes.Unknown {
		l.withheld(f.target, TicketsWithheld, r, time.Now())
		return nil
	}
	if verdict == votes.NotVoted {
		l.cfg.Log.Warn("Block is not voted for by a majority of verified tickets", "height", f.block.Height, "block", f.block.Hash,
			"approving", r.Approving, "failed", len(r.Failed()))
	}
	return l.keep(r, spent)
}

// keep writes a result and what it has cost, and shows it.
func (l *loop) keep(r *row, spent spending) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	err := l.journal.add(record{recordResult, r.encode()}, record{recordSpent, spent.encode()})
	if err != nil {
		return fmt.Errorf("write %s: %w", l.cfg.File, err)
	}
	var all []record
	l.show(func() {
		l.state.addResult(r)
		delete(l.pending, r.Successor.Hash)
		if l.journal.size > 2*l.state.size()+64<<10 {
			all = l.state.records(time.Now())
		}
	})
	if all == nil {
		return nil
	}
	if err := l.journal.replace(all); err != nil {
		return fmt.Errorf("write %s again: %w", l.cfg.File, err)
	}
	return nil
}
