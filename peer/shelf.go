package peer

import (
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Limits on what is offered at a time.
const (
	maxShelf      = 2000
	maxShelfBytes = 16 << 20
)

// ErrShelfFull means that too many transactions are offered already.
var ErrShelfFull = errors.New("too many transactions are being offered")

// shelf holds the transactions that we have announced: every one can be served
// to whoever it was announced to, and to nobody else, so that asking does not
// reveal what we have. It is a plain value.
type shelf struct {
	wares map[chainhash.Hash]*ware
	bytes int
}

// ware is a transaction on the shelf.
type ware struct {
	tx   *wire.MsgTx
	size int
	to   map[uint64]bool // who it was announced to
}

func newShelf() shelf { return shelf{wares: make(map[chainhash.Hash]*ware)} }

// offer puts a transaction on the shelf for a peer, and reports whether that
// peer has yet to hear of it.
func (s *shelf) offer(id uint64, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	w := s.wares[hash]
	if w == nil {
		w = &ware{tx: tx, size: tx.SerializeSize(), to: make(map[uint64]bool)}
		if len(s.wares) >= maxShelf || s.bytes+w.size > maxShelfBytes {
			return false, ErrShelfFull
		}
		s.wares[hash] = w
		s.bytes += w.size
	}
	announce = !w.to[id]
	w.to[id] = true
	return announce, nil
}

// withdraw takes a transaction off the shelf.
func (s *shelf) withdraw(hash chainhash.Hash) {
	if w := s.wares[hash]; w != nil {
		s.bytes -= w.size
		delete(s.wares, hash)
	}
}

// serve returns a transaction for a peer that asks for it, or nil.
func (s *shelf) serve(id uint64, hash chainhash.Hash) *wire.MsgTx {
	if w := s.wares[hash]; w != nil && w.to[id] {
		return w.tx
	}
	return nil
}

// echoes reports whether it means anything that a peer announces a transaction:
// that it reached the peer without us.
func (s *shelf) echoes(id uint64, hash chainhash.Hash) bool {
	w := s.wares[hash]
	return w != nil && !w.to[id]
}

// left forgets a peer.
func (s *shelf) left(id uint64) {
	for _, w := range s.wares {
		delete(w.to, id)
	}
}
