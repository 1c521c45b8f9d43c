package ledger

import (
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Pool is all unmined transactions, decoded. No two of them spend the same output.
// Every snapshot has the pool of its state; that of an installed one never changes.
type Pool struct {
	ByHash  map[chainhash.Hash]*Unmined
	SpentBy map[wire.OutPoint]chainhash.Hash

	// MinedFrom is the lowest height of a block that may hold one of them, or consensus.Never
	// without any.
	MinedFrom consensus.Height

	// Held is about how many bytes of memory the transactions take that strangers
	// can make the wallet keep. See unmined.foreign.
	Held int

	// Dropped are the transactions that were dropped from a pool that is being changed.
	Dropped []chainhash.Hash
}

func NewPool() *Pool {
	return &Pool{
		ByHash: make(map[chainhash.Hash]*Unmined), SpentBy: make(map[wire.OutPoint]chainhash.Hash), MinedFrom: consensus.Never,
	}
}

// LoadPool reads the unmined transactions. Any block may hold them, as far as their rows say.
func LoadPool(tx *bolt.Tx) (*Pool, error) {
	p := NewPool()
	err := rows.Each(tx.Bucket(UnminedBucket), func(k, v []byte) error {
		u, err := decodeUnmined(k, v)
		if err == nil {
			p.insert(u)
		}
		return err
	})
	return p, err
}

// Clone returns a pool that can be changed. The transactions are shared.
func (p *Pool) Clone() *Pool {
	return &Pool{ByHash: maps.Clone(p.ByHash), SpentBy: maps.Clone(p.SpentBy), MinedFrom: p.MinedFrom, Held: p.Held}
}

// Equal reports whether two pools hold the same.
func (p *Pool) Equal(o *Pool) bool {
	return maps.EqualFunc(p.ByHash, o.ByHash, func(a, b *Unmined) bool {
		return a.Origin == b.Origin && a.Agreed == b.Agreed && a.Spends == b.Spends && a.Source == b.Source && a.Seen.Equal(b.Seen)
	}) && p.Held == o.Held && p.MinedFrom == o.MinedFrom
}

// insert adds a transaction, or takes the place of the one with its hash.
func (p *Pool) insert(u *Unmined) {
	old := p.ByHash[u.Hash]
	if old == nil {
		p.MinedFrom = min(p.MinedFrom, u.MinedFrom)
	} else if old.foreign() {
		p.Held -= old.held
	}
	p.ByHash[u.Hash] = u
	for _, op := range txn.PrevOuts(u.Tx) {
		p.SpentBy[op] = u.Hash
	}
	if u.foreign() {
		p.Held += u.held
	}
}

// Put stores a transaction whose rivals are not in the pool, perhaps in the place of one
// with its hash.
func (p *Pool) Put(tx *bolt.Tx, u *Unmined) error {
	p.insert(u)
	return putUnmined(tx, u)
}

// Remove removes one transaction. Its children stay: their parent was mined.
func (p *Pool) Remove(tx *bolt.Tx, hash chainhash.Hash) error {
	u := p.ByHash[hash]
	if u == nil {
		return nil
	}
	delete(p.ByHash, hash)
	for _, op := range txn.PrevOuts(u.Tx) {
		delete(p.SpentBy, op)
	}
	if u.foreign() {
		p.Held -= u.held
	}
	if len(p.ByHash) == 0 {
		p.MinedFrom = consensus.Never
	}
	return tx.Bucket(UnminedBucket).Delete(hash[:])
}

// Drop removes a transaction that will not be mined, and with it all that
// spend its outputs, and so on.
func (p *Pool) Drop(tx *bolt.Tx, hash chainhash.Hash) error {
	u := p.ByHash[hash]
	if u == nil {
		return nil
	}
	if err := p.Remove(tx, hash); err != nil {
		return err
	}
	p.Dropped = append(p.Dropped, hash)
	return p.DropChildren(tx, hash, u.Tx)
}

// DropChildren drops the transactions that spend outputs of one.
func (p *Pool) DropChildren(tx *bolt.Tx, hash chainhash.Hash, parent *wire.MsgTx) error {
	for _, child := range p.Children(hash, parent) {
		if err := p.Drop(tx, child); err != nil {
			return err
		}
	}
	return nil
}

// Children returns the transactions that spend outputs of one.
func (p *Pool) Children(hash chainhash.Hash, parent *wire.MsgTx) []chainhash.Hash {
	var list []chainhash.Hash
	for i := range parent.TxOut {
		child, ok := p.SpentBy[wire.OutPoint{Hash: hash, Index: uint32(i)}]
		if ok && !slices.Contains(list, child) {
			list = append(list, child)
		}
	}
	return list
}

// Rivals returns the other transactions of the pool that spend what a
// transaction spends.
func (p *Pool) Rivals(hash chainhash.Hash, tx *wire.MsgTx) []chainhash.Hash {
	var list []chainhash.Hash
	for _, op := range txn.PrevOuts(tx) {
		rival, ok := p.SpentBy[op]
		if ok && rival != hash && !slices.Contains(list, rival) {
			list = append(list, rival)
		}
	}
	return list
}

// Sorted returns the transactions, parents before children, otherwise in the
// order in which they were seen.
func (p *Pool) Sorted() []*Unmined {
	list := make([]*Unmined, 0, len(p.ByHash))
	for _, u := range p.ByHash {
		list = append(list, u)
	}
	slices.SortFunc(list, (*Unmined).compare)
	sorted := make([]*Unmined, 0, len(list))
	done := make(map[chainhash.Hash]bool, len(list))
	for _, u := range list {
		sorted = p.visit(u, done, sorted)
	}
	return sorted
}

// visit appends a transaction after those it spends from.
func (p *Pool) visit(u *Unmined, done map[chainhash.Hash]bool, sorted []*Unmined) []*Unmined {
	if done[u.Hash] {
		return sorted
	}
	done[u.Hash] = true
	for _, op := range txn.PrevOuts(u.Tx) {
		if parent := p.ByHash[op.Hash]; parent != nil {
			sorted = p.visit(parent, done, sorted)
		}
	}
	return append(sorted, u)
}
