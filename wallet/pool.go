package wallet

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// pool is all unmined transactions. No two of them spend the same output.
type pool struct {
	byHash  map[chainhash.Hash]*unmined
	spentBy map[wire.OutPoint]chainhash.Hash
}

func newPool() *pool {
	return &pool{byHash: make(map[chainhash.Hash]*unmined), spentBy: make(map[wire.OutPoint]chainhash.Hash)}
}

// loadPool reads the unmined transactions.
func loadPool(tx *bolt.Tx) (*pool, error) {
	p := newPool()
	err := all(tx.Bucket(unminedBucket), func(k, v []byte) error {
		u, err := decodeUnmined(k, v)
		if err == nil {
			p.insert(u)
		}
		return err
	})
	return p, err
}

func (p *pool) insert(u *unmined) {
	p.byHash[u.hash] = u
	for _, op := range prevOuts(u.tx) {
		p.spentBy[op] = u.hash
	}
}

// put stores a transaction whose rivals are not in the pool.
func (p *pool) put(tx *bolt.Tx, u *unmined) error {
	p.insert(u)
	return putUnmined(tx, u)
}

// remove removes one transaction. Its children stay: their parent was mined.
func (p *pool) remove(tx *bolt.Tx, hash chainhash.Hash) error {
	u := p.byHash[hash]
	if u == nil {
		return nil
	}
	delete(p.byHash, hash)
	for _, op := range prevOuts(u.tx) {
		delete(p.spentBy, op)
	}
	return tx.Bucket(unminedBucket).Delete(hash[:])
}

// drop removes a transaction that will not be mined, and with it all that
// spend its outputs, and so on.
func (p *pool) drop(tx *bolt.Tx, hash chainhash.Hash) error {
	u := p.byHash[hash]
	if u == nil {
		return nil
	}
	if err := p.remove(tx, hash); err != nil {
		return err
	}
	return p.dropChildren(tx, hash, u.tx)
}

// dropChildren drops the transactions that spend outputs of one.
func (p *pool) dropChildren(tx *bolt.Tx, hash chainhash.Hash, parent *wire.MsgTx) error {
	for i := range parent.TxOut {
		child, ok := p.spentBy[wire.OutPoint{Hash: hash, Index: uint32(i)}]
		if !ok {
			continue
		}
		if err := p.drop(tx, child); err != nil {
			return err
		}
	}
	return nil
}

// rivals returns the other transactions of the pool that spend what a
// transaction spends.
func (p *pool) rivals(hash chainhash.Hash, tx *wire.MsgTx) []chainhash.Hash {
	var list []chainhash.Hash
	for _, op := range prevOuts(tx) {
		rival, ok := p.spentBy[op]
		if ok && rival != hash && !slices.Contains(list, rival) {
			list = append(list, rival)
		}
	}
	return list
}

// relayed returns how many transactions came from relay.
func (p *pool) relayed() int {
	n := 0
	for _, u := range p.byHash {
		if u.origin == Relayed {
			n++
		}
	}
	return n
}

// sorted returns the transactions, parents before children, otherwise in the
// order in which they were seen.
func (p *pool) sorted() []*unmined {
	list := make([]*unmined, 0, len(p.byHash))
	for _, u := range p.byHash {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *unmined) int {
		if c := a.seen.Compare(b.seen); c != 0 {
			return c
		}
		return slices.Compare(a.hash[:], b.hash[:])
	})
	sorted := make([]*unmined, 0, len(list))
	done := make(map[chainhash.Hash]bool, len(list))
	for _, u := range list {
		sorted = p.visit(u, done, sorted)
	}
	return sorted
}

// visit appends a transaction after those it spends from.
func (p *pool) visit(u *unmined, done map[chainhash.Hash]bool, sorted []*unmined) []*unmined {
	if done[u.hash] {
		return sorted
	}
	done[u.hash] = true
	for _, op := range prevOuts(u.tx) {
		if parent := p.byHash[op.Hash]; parent != nil {
			sorted = p.visit(parent, done, sorted)
		}
	}
	return append(sorted, u)
}
