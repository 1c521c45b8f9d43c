package wallet

import (
	"sync/atomic"
	"time"

	"github.com/spvd/spvd/wallet/internal/ledger"
)

// Limits on transactions that peers have relayed and that spend nothing of the
// wallet: making them up costs nothing.
const (
	// maxRelayedHeld is how many bytes of memory those of a wallet take at most.
	maxRelayedHeld = 2 << 20

	// maxSharedHeld is how much those of all wallets of a set may take together,
	// except that each wallet may always have leastRelayedHeld.
	maxSharedHeld    = 8 << 20
	leastRelayedHeld = 64 << 10

	// warnEvery is how often a full pool is warned of.
	warnEvery = time.Hour
)

// allowance counts the memory of relayed transactions of all wallets of a set.
type allowance struct{ used atomic.Int64 }

// relayedLimit returns how many bytes the relayed transactions may take.
func (w *Wallet) relayedLimit() int {
	free := maxSharedHeld - int(w.cfg.shared.used.Load())
	return min(maxRelayedHeld, max(leastRelayedHeld, w.store.Now().Pool.Held+free))
}

// makeRoom drops relayed transactions until another one fits. The error is ErrPoolFull.
func (q *query) makeRoom(u *ledger.Unmined) error {
	limit := q.w.relayedLimit()
	for {
		victim, fits := q.pool.RoomFor(u, limit)
		if fits {
			return nil
		}
		q.w.warnFull()
		if victim == nil {
			return ErrPoolFull
		}
		q.w.cfg.Log.Debug("Relayed transaction makes room", "tx", victim.Hash, "for", u.Hash)
		if err := q.pool.Drop(q.tx, victim.Hash); err != nil {
			return err
		}
	}
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
