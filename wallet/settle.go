package wallet

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
)

// unmined returns the pool of unmined transactions, read once per update.
func (a *application) unmined() (*pool, error) {
	if a.pool == nil {
		p, err := loadPool(a.tx)
		if err != nil {
			return nil, err
		}
		a.pool = p
	}
	return a.pool, nil
}

// confirm removes the unmined transactions that a block holds, and those that
// can no longer be mined because it spends what they spend.
func (a *application) confirm(b *chain.Block) error {
	p, err := a.unmined()
	if err != nil || len(p.byHash) == 0 {
		return err
	}
	return eachTx(b.Msg, func(place Place, tx *wire.MsgTx, _ Kind) error {
		place.Height = b.Height
		if void(a.tx, place) {
			return nil
		}
		return a.settle(tx.TxHash(), tx)
	})
}

// settle removes a transaction that was mined from the unmined ones, and drops
// its rivals.
func (a *application) settle(hash chainhash.Hash, tx *wire.MsgTx) error {
	p, err := a.unmined()
	if err != nil {
		return err
	}
	if err := p.remove(a.tx, hash); err != nil {
		return err
	}
	return a.dropRivals(p, hash, tx)
}

func (a *application) dropRivals(p *pool, hash chainhash.Hash, tx *wire.MsgTx) error {
	for _, rival := range p.rivals(hash, tx) {
		a.w.cfg.Log.Info("Unmined transaction was double spent", "tx", rival, "by", hash)
		if err := putConflict(a.tx, rival, hash); err != nil {
			return err
		}
		if err := p.drop(a.tx, rival); err != nil {
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
	p, err := a.unmined()
	if err != nil {
		return err
	}
	if a.lost == nil {
		a.lost = make(map[chainhash.Hash]bool)
	}
	if kindAt(m.place, m.tx).minedOnly() || slices.ContainsFunc(prevOuts(m.tx), func(op wire.OutPoint) bool { return a.lost[op.Hash] }) {
		a.lost[m.hash] = true
		return p.dropChildren(a.tx, m.hash, m.tx)
	}
	if err := a.dropRivals(p, m.hash, m.tx); err != nil {
		return err
	}
	return p.put(a.tx, &unmined{hash: m.hash, seen: time.Unix(int64(m.time), 0), origin: Released, tx: m.tx})
}

// expire drops the unmined transactions that no block above a height may hold.
func (a *application) expire(tip chain.Height) error {
	p, err := a.unmined()
	if err != nil {
		return err
	}
	for _, u := range p.sorted() {
		if !expired(u.tx, tip+1) {
			continue
		}
		a.w.cfg.Log.Info("Unmined transaction has expired", "tx", u.hash, "expiry", u.tx.Expiry)
		if err := p.drop(a.tx, u.hash); err != nil {
			return err
		}
	}
	return nil
}
