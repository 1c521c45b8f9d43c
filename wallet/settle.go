package wallet

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// confirm removes the unmined transactions that a block holds, and those that
// can no longer be mined because it spends what they spend.
func (a *application) confirm(b *chain.Block) error {
	if len(a.pool().byHash) == 0 {
		return nil
	}
	return eachTx(b.Msg, func(place Place, tx *wire.MsgTx, _ Kind) error {
		place.Height = b.Height
		if void(a.tx, place) {
			return nil
		}
		return a.settle(tx.TxHash(), tx)
	})
}

// pool returns the unmined transactions as the update has left them so far. It is
// not changed.
func (a *application) pool() *pool { return a.w.poolOf(a.tx, nil) }

// settle removes a transaction that was mined from the unmined ones, and drops
// its rivals.
func (a *application) settle(hash chainhash.Hash, tx *wire.MsgTx) error {
	if a.pool().byHash[hash] != nil {
		if err := a.w.draftPool().remove(a.tx, hash); err != nil {
			return err
		}
	}
	return a.dropRivals(hash, tx)
}

func (a *application) dropRivals(hash chainhash.Hash, tx *wire.MsgTx) error {
	for _, rival := range a.pool().rivals(hash, tx) {
		a.w.cfg.Log.Info("Unmined transaction was double spent", "tx", rival, "by", hash)
		if err := putConflict(a.tx, rival, hash); err != nil {
			return err
		}
		if err := a.w.draftPool().drop(a.tx, rival); err != nil {
			return err
		}
	}
	return nil
}

// release makes a transaction unmined that the chain no longer holds, if it may
// be mined again: if it is not of the block itself, like a block reward, and
// spends nothing of that sort. That it was mined once makes it worth more than
// its rivals. Parents have to be released first.
func (a *application) release(m *mined) error {
	places, err := placesOf(a.tx, &m.hash)
	if err != nil {
		return err
	}
	for _, p := range places {
		if !void(a.tx, p) {
			return nil
		}
	}
	if a.lost == nil {
		a.lost = make(map[chainhash.Hash]bool)
	}
	if kindAt(m.place, m.tx).minedOnly() || slices.ContainsFunc(prevOuts(m.tx), func(op wire.OutPoint) bool { return a.lost[op.Hash] }) {
		a.lost[m.hash] = true
		return a.w.draftPool().dropChildren(a.tx, m.hash, m.tx)
	}
	if err := a.dropRivals(m.hash, m.tx); err != nil {
		return err
	}
	return a.w.draftPool().put(a.tx, newUnmined(m.hash, m.tx, time.Unix(int64(m.time), 0), Released))
}

// releaseLate does so for a transaction of a block that was disapproved of before the
// transaction was found, unless something else has taken its place since.
func (a *application) releaseLate(m *mined) error {
	if p := a.pool(); p.byHash[m.hash] != nil || len(p.rivals(m.hash, m.tx)) > 0 {
		return nil
	}
	dead := make(map[wire.OutPoint]bool)
	for _, op := range prevOuts(m.tx) {
		lost, err := a.worthless(op.Hash)
		if lost || err != nil {
			return err
		}
		dead[op] = true
	}
	later, err := minedIn(a.tx, m.place.Height, consensus.Never)
	if err != nil {
		return err
	}
	for _, o := range later {
		if o.hash == m.hash || void(a.tx, o.place) {
			continue
		}
		if slices.ContainsFunc(prevOuts(o.tx), func(op wire.OutPoint) bool { return dead[op] }) {
			return putConflict(a.tx, m.hash, o.hash)
		}
	}
	return a.release(m)
}

// worthless reports whether a transaction was only mined in blocks that were
// disapproved of, and cannot be mined again.
func (a *application) worthless(hash chainhash.Hash) (bool, error) {
	places, err := placesOf(a.tx, &hash)
	if err != nil || len(places) == 0 || a.pool().byHash[hash] != nil {
		return false, err
	}
	return !slices.ContainsFunc(places, func(p Place) bool { return !void(a.tx, p) }), nil
}

// expire drops the unmined transactions that no block above a height may hold, and
// relayed ones that have waited too long.
func (a *application) expire(tip consensus.Height) error {
	for _, u := range a.pool().sorted() {
		if !expired(u.tx, tip+1) {
			continue
		}
		a.w.cfg.Log.Info("Unmined transaction has expired", "tx", u.hash, "expiry", u.tx.Expiry)
		if err := a.w.draftPool().drop(a.tx, u.hash); err != nil {
			return err
		}
	}
	return a.w.ageOut(a.tx, nil)
}
