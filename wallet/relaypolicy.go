package wallet

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// Limits on transactions that peers have relayed and that spend nothing of the
// wallet: making them up costs nothing.
const (
	// maxRelayedSize is the largest one in bytes (dcrd: mempool, the standard
	// transaction size).
	maxRelayedSize = 100_000

	// maxRelayed is how many a wallet keeps, and maxRelayedHeld how many bytes of
	// memory they take at most.
	maxRelayed     = 1000
	maxRelayedHeld = 2 << 20

	// maxSharedHeld is how much those of all wallets of a set may take together,
	// except that each wallet may always have leastRelayedHeld.
	maxSharedHeld    = 8 << 20
	leastRelayedHeld = 64 << 10

	// Those that only one network has sent may fill a half of the pool, so that a
	// half is left for those that peers of two networks agree upon, and these may
	// fill three quarters.
	loneShare, agreedShare, shares = 2, 3, 4

	// How long one is kept while no block holds it. A node that still has it
	// announces it again when it is asked for its mempool.
	loneFor   = 6 * time.Hour
	agreedFor = 48 * time.Hour

	// warnEvery is how often a full pool is warned of.
	warnEvery = time.Hour
)

// defaultRelayFee is what nodes want for 1,000 bytes, in atoms, before they relay a
// transaction. It is dcrd's DefaultMinRelayTxFee (internal/mempool, 1e4 atoms), which
// --minrelaytxfee of a node may change; no rule of the network says so.
const defaultRelayFee = 10_000

// allowance counts the memory of relayed transactions of all wallets of a set.
type allowance struct{ used atomic.Int64 }

// install makes a snapshot the newest one, and counts what its pool takes.
func (w *Wallet) install(s *snapshot) {
	before := 0
	if old := w.now.Load(); old != nil {
		before = old.pool.held
	}
	w.cfg.shared.used.Add(int64(s.pool.held - before))
	w.watch.install(s)
}

// relayedLimit returns how many bytes the relayed transactions may take.
func (w *Wallet) relayedLimit() int {
	free := maxSharedHeld - int(w.cfg.shared.used.Load())
	return min(maxRelayedHeld, max(leastRelayedHeld, w.now.Load().pool.held+free))
}

// standard refuses a transaction that no node relays: one that is too large, pays
// too little, or spends or pays what cannot be. What its inputs are worth is what it
// says itself, which nodes compare with the truth. The error is ErrBadTransaction.
func (w *Wallet) standard(msg *wire.MsgTx) error {
	size := msg.SerializeSize()
	if size > maxRelayedSize {
		return fmt.Errorf("%w: it has %d bytes, and nodes relay at most %d", ErrBadTransaction, size, maxRelayedSize)
	}
	if w.cfg.RelayFee < 0 {
		return nil
	}
	var in, out dcrutil.Amount
	for _, i := range msg.TxIn {
		if i.ValueIn < 0 || i.ValueIn > dcrutil.MaxAmount {
			return fmt.Errorf("%w: an input of %d atoms", ErrBadTransaction, i.ValueIn)
		}
		if in += dcrutil.Amount(i.ValueIn); in > dcrutil.MaxAmount {
			return fmt.Errorf("%w: it spends more than all coins", ErrBadTransaction)
		}
	}
	for _, o := range msg.TxOut {
		out += dcrutil.Amount(o.Value) // their sum is part of the sanity checks
	}
	if fee, least := in-out, w.cfg.RelayFee*dcrutil.Amount(size)/1000; fee < least {
		return fmt.Errorf("%w: it pays a fee of %d atoms, and nodes want %d", ErrBadTransaction, fee, least)
	}
	return nil
}

// class is what the pool holds of the relayed transactions that are agreed upon, or
// of the others.
type class struct {
	count, held int
	bySource    map[uint64]int // bytes of memory
}

// classes adds up what the pool holds.
func (p *pool) classes() (lone, agreed class) {
	lone.bySource, agreed.bySource = make(map[uint64]int), make(map[uint64]int)
	for _, u := range p.byHash {
		if !u.foreign() {
			continue
		}
		c := &lone
		if u.agreed {
			c = &agreed
		}
		c.count++
		c.held += u.held
		c.bySource[u.source] += u.held
	}
	return lone, agreed
}

// makeRoom drops relayed transactions until another one fits: of those that are not
// agreed upon first, of the source that has sent most, the oldest. The error is
// ErrPoolFull.
func (q *query) makeRoom(u *unmined) error {
	if !u.foreign() {
		return nil
	}
	limit := q.w.relayedLimit()
	for {
		lone, agreed := q.pool.classes()
		mine, share := &lone, loneShare
		if u.agreed {
			mine, share = &agreed, agreedShare
		}
		over := func(count, held, share int) bool {
			return count+1 > maxRelayed*share/shares || held+u.held > limit*share/shares
		}
		var from *class
		switch {
		case over(mine.count, mine.held, share):
			from = mine
		case !over(lone.count+agreed.count, lone.held+agreed.held, shares):
			return nil
		case lone.count > 0:
			from = &lone
		default:
			from = mine
		}
		victim := q.pool.victim(from, from == &agreed)
		q.w.warnFull()
		if victim == nil {
			return ErrPoolFull
		}
		q.w.cfg.Log.Debug("Relayed transaction makes room", "tx", victim.hash, "for", u.hash)
		if err := q.pool.drop(q.tx, victim.hash); err != nil {
			return err
		}
	}
}

// victim returns the transaction of a class that is dropped first: the oldest one of
// the source that takes most.
func (p *pool) victim(c *class, agreed bool) *unmined {
	var best *unmined
	for _, u := range p.byHash {
		if !u.foreign() || u.agreed != agreed || !p.droppable(u) {
			continue
		}
		if best == nil {
			best = u
			continue
		}
		most, more := c.bySource[best.source], c.bySource[u.source]
		if more > most || more == most && (u.source < best.source || u.source == best.source && u.compare(best) < 0) {
			best = u
		}
	}
	return best
}

// droppable reports whether nothing that is kept for another reason spends outputs
// of a relayed transaction.
func (p *pool) droppable(u *unmined) bool {
	seen := make(map[chainhash.Hash]bool)
	var free func(u *unmined) bool
	free = func(u *unmined) bool {
		for _, hash := range p.children(u.hash, u.tx) {
			child := p.byHash[hash]
			if child == nil || seen[hash] {
				continue
			}
			seen[hash] = true
			if !child.foreign() || !free(child) {
				return false
			}
		}
		return true
	}
	return free(u)
}

// warnFull says that relayed transactions had to make room, once in a while. The
// caller holds the turn.
func (w *Wallet) warnFull() {
	w.crowded.Add(1)
	now := w.cfg.Now()
	w.crowdedAt.Store(now.Unix())
	if now.Sub(w.warned) >= warnEvery {
		w.warned = now
		w.cfg.Log.Warn("More unmined payments are relayed than the wallet keeps: those that only one peer knows make room")
	}
}

// isCrowded reports whether relayed transactions had to make room within the last hour.
func (w *Wallet) isCrowded() bool {
	at := w.crowdedAt.Load()
	return at > 0 && w.cfg.Now().Unix()-at < int64(warnEvery/time.Second)
}

// outdated reports whether a relayed transaction has waited for a block too long.
func (u *unmined) outdated(now time.Time) bool {
	if !u.foreign() {
		return false
	}
	if u.agreed {
		return now.Sub(u.seen) >= agreedFor
	}
	return now.Sub(u.seen) >= loneFor
}

// ageOut drops the relayed transactions that no block holds after hours.
func (w *Wallet) ageOut(tx *bolt.Tx, s *snapshot) error {
	now := w.cfg.Now()
	for _, u := range w.poolOf(tx, s).sorted() {
		if !u.outdated(now) || !w.poolOf(tx, s).droppable(u) {
			continue
		}
		w.cfg.Log.Info("Relayed transaction is forgotten, no block holds it", "tx", u.hash, "seen", u.seen)
		if err := w.draftPool().drop(tx, u.hash); err != nil {
			return err
		}
	}
	return nil
}
