package apply

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// confirm removes the unmined transactions that a block holds, and those that
// can no longer be mined because it spends what they spend.
func (a *application) confirm(b *chain.Block) error {
	if len(a.pool().ByHash) == 0 {
		return nil
	}
	return txn.EachTx(b.Msg, func(place txn.Place, tx *wire.MsgTx, _ txn.Kind) error {
		place.Height = b.Height
		if ledger.Void(a.tx, place) {
			return nil
		}
		return a.resolve(tx.TxHash(), tx)
	})
}

// pool returns the unmined transactions as the update has left them so far. It is
// not changed.
func (a *application) pool() *ledger.Pool { return a.store.Pool(a.tx, nil) }

// resolve removes a transaction that was mined from the unmined ones, and drops
// its rivals.
func (a *application) resolve(hash chainhash.Hash, tx *wire.MsgTx) error {
	if a.pool().ByHash[hash] != nil {
		if err := a.store.Draft().Remove(a.tx, hash); err != nil {
			return err
		}
	}
	return a.dropRivals(hash, tx)
}

func (a *application) dropRivals(hash chainhash.Hash, tx *wire.MsgTx) error {
	for _, rival := range a.pool().Rivals(hash, tx) {
		a.log.Info("Unmined transaction was double spent", "tx", rival, "by", hash)
		if err := ledger.PutConflict(a.tx, rival, hash); err != nil {
			return err
		}
		if err := a.store.Draft().Drop(a.tx, rival); err != nil {
			return err
		}
	}
	return nil
}

// release makes transactions unmined that the chain no longer holds, parents first: those
// that may be mined again, which what is of the block itself may not, like a block reward,
// nor what spends such of the same list. That they were mined once makes them worth more
// than their rivals.
func (a *application) release(list []*ledger.Mined) error {
	lost := make(map[chainhash.Hash]bool) // by this call: later blocks may hold them again
	return a.releaseEach(lost, list)
}

func (a *application) releaseEach(lost map[chainhash.Hash]bool, list []*ledger.Mined) error {
	for _, m := range list {
		if err := a.releaseUnless(lost, m); err != nil {
			return fmt.Errorf("release %s: %w", m.Hash, err)
		}
	}
	return nil
}

// releaseUnless does so for one transaction, or adds it to those that are lost.
func (a *application) releaseUnless(lost map[chainhash.Hash]bool, m *ledger.Mined) error {
	places, err := ledger.PlacesOf(a.tx, &m.Hash)
	if err != nil {
		return err
	}
	for _, p := range places {
		if !ledger.Void(a.tx, p) {
			return nil
		}
	}
	if txn.MinedOnly(txn.KindAt(m.Place, m.Tx)) || slices.ContainsFunc(txn.PrevOuts(m.Tx), func(op wire.OutPoint) bool { return lost[op.Hash] }) {
		lost[m.Hash] = true
		a.store.Draft().Dropped = append(a.store.Draft().Dropped, m.Hash)
		return a.store.Draft().DropChildren(a.tx, m.Hash, m.Tx)
	}
	if err := a.dropRivals(m.Hash, m.Tx); err != nil {
		return err
	}
	return a.store.Draft().Put(a.tx, ledger.NewUnmined(m.Hash, m.Tx, time.Unix(int64(m.Time), 0), ledger.Released))
}

// releaseLate does so for a transaction of a block that was disapproved of before the
// transaction was found or could be mined again, unless another one that spends the same
// is mined or unmined.
func (a *application) releaseLate(m *ledger.Mined) error {
	if a.pool().ByHash[m.Hash] != nil {
		return nil
	}
	if rivals := a.pool().Rivals(m.Hash, m.Tx); len(rivals) > 0 {
		return ledger.PutConflict(a.tx, m.Hash, rivals[0]) // see reviveHeirs
	}
	dead := make(map[wire.OutPoint]bool)
	for _, op := range txn.PrevOuts(m.Tx) {
		lost, err := a.worthless(op.Hash)
		if lost || err != nil {
			return err
		}
		dead[op] = true
	}
	var rival *ledger.Mined
	err := ledger.EachMined(a.tx, m.Place.Height, consensus.Never, func(o *ledger.Mined) (bool, error) {
		if o.Hash != m.Hash && !ledger.Void(a.tx, o.Place) &&
			slices.ContainsFunc(txn.PrevOuts(o.Tx), func(op wire.OutPoint) bool { return dead[op] }) {
			rival = o
		}
		return rival == nil, nil
	})
	switch {
	case err != nil:
		return err
	case rival != nil:
		return ledger.PutConflict(a.tx, m.Hash, rival.Hash)
	}
	return a.release([]*ledger.Mined{m})
}

// worthless reports whether a transaction was only mined in blocks that were
// disapproved of, and cannot be mined again.
func (a *application) worthless(hash chainhash.Hash) (bool, error) {
	places, err := ledger.PlacesOf(a.tx, &hash)
	if err != nil || len(places) == 0 || a.pool().ByHash[hash] != nil {
		return false, err
	}
	return !slices.ContainsFunc(places, func(p txn.Place) bool { return !ledger.Void(a.tx, p) }), nil
}

// Revive makes transactions of disapproved blocks unmined again that gave way to an unmined one
// which a transaction of the file has dropped.
func (p *Applier) Revive(tx *bolt.Tx, tip consensus.Height) error {
	a := application{Applier: p, tx: tx}
	return a.reviveHeirs(tip)
}

// reviveHeirs makes transactions of disapproved blocks unmined again: those that gave way to an
// unmined one which the update has dropped, those that spend the outputs of one which
// was mined again, and those that spend their outputs.
func (a *application) reviveHeirs(tip consensus.Height) error {
	heirs := a.minedAgain
	a.minedAgain = nil
	for _, hash := range a.store.Dropped() {
		list, err := ledger.ConflictsOf(a.tx, hash)
		if err != nil {
			return err
		}
		heirs = append(heirs, list...)
	}
	for len(heirs) > 0 {
		hash := heirs[0]
		heirs = heirs[1:]
		places, err := ledger.PlacesOf(a.tx, &hash)
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
	hash chainhash.Hash, places []txn.Place, tip consensus.Height,
) (back bool, err error) {
	counts := slices.ContainsFunc(places, func(p txn.Place) bool { return !ledger.Void(a.tx, p) })
	if counts || a.pool().ByHash[hash] != nil {
		return true, nil
	}
	m, err := ledger.GetMined(a.tx, places[len(places)-1])
	if m == nil || err != nil || txn.Expired(m.Tx, tip+1) || txn.MinedOnly(txn.KindAt(m.Place, m.Tx)) {
		return false, err
	}
	err = a.releaseLate(m)
	return a.pool().ByHash[hash] != nil, err
}

// voidChildren returns the transactions of disapproved blocks from a height on that spend
// outputs of one.
func (a *application) voidChildren(
	parent chainhash.Hash, from consensus.Height,
) ([]chainhash.Hash, error) {
	spends := func(op wire.OutPoint) bool { return op.Hash == parent }
	var children []chainhash.Hash
	c := a.tx.Bucket(ledger.DisapprovedBucket).Cursor()
	for k, _ := c.Seek(rows.Key(uint32(from))); len(k) == 4; k, _ = c.Next() {
		h := consensus.Height(binary.BigEndian.Uint32(k))
		list, err := ledger.MinedIn(a.tx, h, h)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if slices.ContainsFunc(txn.PrevOuts(m.Tx), spends) {
				children = append(children, m.Hash)
			}
		}
	}
	return children, nil
}

// expire drops the unmined transactions that no block above a height may hold, and
// relayed ones that have waited too long.
func (a *application) expire(tip consensus.Height) error {
	for _, u := range a.pool().Sorted() {
		if !txn.Expired(u.Tx, tip+1) {
			continue
		}
		a.log.Info("Unmined transaction has expired", "tx", u.Hash, "expiry", u.Tx.Expiry)
		if err := a.store.Draft().Drop(a.tx, u.Hash); err != nil {
			return err
		}
	}
	return a.AgeOut(a.tx, nil)
}

// AgeOut drops the relayed transactions that no block holds after hours.
func (p *Applier) AgeOut(tx *bolt.Tx, s *state.Snapshot) error {
	now := p.now()
	for _, u := range p.store.Pool(tx, s).Sorted() {
		if !u.Outdated(now) || !p.store.Pool(tx, s).Droppable(u) {
			continue
		}
		p.log.Info("ledger.Relayed transaction is forgotten, no block holds it", "tx", u.Hash, "seen", u.Seen)
		if err := p.store.Draft().Drop(tx, u.Hash); err != nil {
			return err
		}
	}
	return nil
}
