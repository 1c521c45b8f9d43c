package wallet

import (
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// pool is all unmined transactions, decoded. No two of them spend the same output.
// Every snapshot has the pool of its state; that of an installed one never changes.
type pool struct {
	byHash  map[chainhash.Hash]*unmined
	spentBy map[wire.OutPoint]chainhash.Hash

	// held is about how many bytes of memory the transactions take that strangers
	// can make the wallet keep. See unmined.foreign.
	held int

	// dropped are the transactions that were dropped from a pool that is being changed.
	dropped []chainhash.Hash
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

// clone returns a pool that can be changed. The transactions are shared.
func (p *pool) clone() *pool {
	return &pool{byHash: maps.Clone(p.byHash), spentBy: maps.Clone(p.spentBy), held: p.held}
}

// equal reports whether two pools hold the same.
func (p *pool) equal(o *pool) bool {
	return maps.EqualFunc(p.byHash, o.byHash, func(a, b *unmined) bool {
		return a.origin == b.origin && a.agreed == b.agreed && a.spends == b.spends && a.source == b.source && a.seen.Equal(b.seen)
	}) && p.held == o.held
}

// insert adds a transaction, or takes the place of the one with its hash.
func (p *pool) insert(u *unmined) {
	if old := p.byHash[u.hash]; old != nil && old.foreign() {
		p.held -= old.held
	}
	p.byHash[u.hash] = u
	for _, op := range prevOuts(u.tx) {
		p.spentBy[op] = u.hash
	}
	if u.foreign() {
		p.held += u.held
	}
}

// put stores a transaction whose rivals are not in the pool, perhaps in the place of one
// with its hash.
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
	if u.foreign() {
		p.held -= u.held
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
	p.dropped = append(p.dropped, hash)
	return p.dropChildren(tx, hash, u.tx)
}

// dropChildren drops the transactions that spend outputs of one.
func (p *pool) dropChildren(tx *bolt.Tx, hash chainhash.Hash, parent *wire.MsgTx) error {
	for _, child := range p.children(hash, parent) {
		if err := p.drop(tx, child); err != nil {
			return err
		}
	}
	return nil
}

// children returns the transactions that spend outputs of one.
func (p *pool) children(hash chainhash.Hash, parent *wire.MsgTx) []chainhash.Hash {
	var list []chainhash.Hash
	for i := range parent.TxOut {
		child, ok := p.spentBy[wire.OutPoint{Hash: hash, Index: uint32(i)}]
		if ok && !slices.Contains(list, child) {
			list = append(list, child)
		}
	}
	return list
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

// sorted returns the transactions, parents before children, otherwise in the
// order in which they were seen.
func (p *pool) sorted() []*unmined {
	list := make([]*unmined, 0, len(p.byHash))
	for _, u := range p.byHash {
		list = append(list, u)
	}
	slices.SortFunc(list, (*unmined).compare)
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

// poolOf returns the pool as a transaction of the file sees it: in a writing one
// with what that has changed. It must not be changed.
func (w *Wallet) poolOf(tx *bolt.Tx, s *snapshot) *pool {
	switch {
	case !tx.Writable():
		return s.pool
	case w.draft != nil:
		return w.draft
	}
	return w.now.Load().pool
}

// draftPool returns the pool that the writing transaction changes. The caller holds
// the turn.
func (w *Wallet) draftPool() *pool {
	if w.draft == nil {
		w.draft = w.now.Load().pool.clone()
	}
	return w.draft
}
