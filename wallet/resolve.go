package wallet

import (
	"encoding/binary"
	"fmt"
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
		return a.resolve(tx.TxHash(), tx)
	})
}

// pool returns the unmined transactions as the update has left them so far. It is
// not changed.
func (a *application) pool() *pool { return a.w.poolOf(a.tx, nil) }

// resolve removes a transaction that was mined from the unmined ones, and drops
// its rivals.
func (a *application) resolve(hash chainhash.Hash, tx *wire.MsgTx) error {
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

// release makes transactions unmined that the chain no longer holds, parents first: those
// that may be mined again, which what is of the block itself may not, like a block reward,
// nor what spends such of the same list. That they were mined once makes them worth more
// than their rivals.
func (a *application) release(list []*mined) error {
	lost := make(map[chainhash.Hash]bool) // by this call: later blocks may hold them again
	return a.releaseEach(lost, list)
}

func (a *application) releaseEach(lost map[chainhash.Hash]bool, list []*mined) error {
	for _, m := range list {
		if err := a.releaseUnless(lost, m); err != nil {
			return fmt.Errorf("release %s: %w", m.hash, err)
		}
	}
	return nil
}

// releaseUnless does so for one transaction, or adds it to those that are lost.
func (a *application) releaseUnless(lost map[chainhash.Hash]bool, m *mined) error {
	places, err := placesOf(a.tx, &m.hash)
	if err != nil {
		return err
	}
	for _, p := range places {
		if !void(a.tx, p) {
			return nil
		}
	}
	if kindAt(m.place, m.tx).minedOnly() || slices.ContainsFunc(prevOuts(m.tx), func(op wire.OutPoint) bool { return lost[op.Hash] }) {
		lost[m.hash] = true
		a.w.draftPool().dropped = append(a.w.draftPool().dropped, m.hash)
		return a.w.draftPool().dropChildren(a.tx, m.hash, m.tx)
	}
	if err := a.dropRivals(m.hash, m.tx); err != nil {
		return err
	}
	return a.w.draftPool().put(a.tx, newUnmined(m.hash, m.tx, time.Unix(int64(m.time), 0), Released))
}

// releaseLate does so for a transaction of a block that was disapproved of before the
// transaction was found or could be mined again, unless another one that spends the same
// is mined or unmined.
func (a *application) releaseLate(m *mined) error {
	if a.pool().byHash[m.hash] != nil {
		return nil
	}
	if rivals := a.pool().rivals(m.hash, m.tx); len(rivals) > 0 {
		return putConflict(a.tx, m.hash, rivals[0]) // see revive
	}
	dead := make(map[wire.OutPoint]bool)
	for _, op := range prevOuts(m.tx) {
		lost, err := a.worthless(op.Hash)
		if lost || err != nil {
			return err
		}
		dead[op] = true
	}
	var rival *mined
	err := eachMined(a.tx, m.place.Height, consensus.Never, func(o *mined) (bool, error) {
		if o.hash != m.hash && !void(a.tx, o.place) &&
			slices.ContainsFunc(prevOuts(o.tx), func(op wire.OutPoint) bool { return dead[op] }) {
			rival = o
		}
		return rival == nil, nil
	})
	switch {
	case err != nil:
		return err
	case rival != nil:
		return putConflict(a.tx, m.hash, rival.hash)
	}
	return a.release([]*mined{m})
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

// revive makes transactions of disapproved blocks unmined again: those that gave way to an
// unmined one which the update has dropped, those that spend the outputs of one which
// was mined again, and those that spend their outputs.
func (a *application) revive(tip consensus.Height) error {
	heirs := a.minedAgain
	a.minedAgain = nil
	if a.w.draft != nil {
		for _, hash := range a.w.draft.dropped {
			list, err := conflictsOf(a.tx, hash)
			if err != nil {
				return err
			}
			heirs = append(heirs, list...)
		}
	}
	for len(heirs) > 0 {
		hash := heirs[0]
		heirs = heirs[1:]
		places, err := placesOf(a.tx, &hash)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			continue
		}
		back, err := a.reviveOne(hash, places, tip)
		if err != nil {
			return err
		}
		if !back {
			continue
		}
		children, err := a.voidChildren(hash, places[0].Height)
		if err != nil {
			return err
		}
		heirs = append(heirs, children...)
	}
	return nil
}

// reviveOne makes a transaction unmined that only disapproved blocks hold, of which it gets
// the places. It reports whether the transaction is unmined or mined then.
func (a *application) reviveOne(
	hash chainhash.Hash, places []Place, tip consensus.Height,
) (back bool, err error) {
	counts := slices.ContainsFunc(places, func(p Place) bool { return !void(a.tx, p) })
	if counts || a.pool().byHash[hash] != nil {
		return true, nil
	}
	m, err := getMined(a.tx, places[len(places)-1])
	if m == nil || err != nil || expired(m.tx, tip+1) || kindAt(m.place, m.tx).minedOnly() {
		return false, err
	}
	err = a.releaseLate(m)
	return a.pool().byHash[hash] != nil, err
}

// voidChildren returns the transactions of disapproved blocks from a height on that spend
// outputs of one.
func (a *application) voidChildren(
	parent chainhash.Hash, from consensus.Height,
) ([]chainhash.Hash, error) {
	spends := func(op wire.OutPoint) bool { return op.Hash == parent }
	var children []chainhash.Hash
	c := a.tx.Bucket(disapprovedBucket).Cursor()
	for k, _ := c.Seek(key32(uint32(from))); len(k) == 4; k, _ = c.Next() {
		h := consensus.Height(binary.BigEndian.Uint32(k))
		list, err := minedIn(a.tx, h, h)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if slices.ContainsFunc(prevOuts(m.tx), spends) {
				children = append(children, m.hash)
			}
		}
	}
	return children, nil
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
