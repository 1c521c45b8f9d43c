package peer

import (
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Limits on what is offered at a time.
const (
	maxOffered      = 2000
	maxOfferedBytes = 16 << 20
)

// ErrOffersFull means that too many transactions are offered already.
var ErrOffersFull = errors.New("too many transactions are being offered")

// offered holds the transactions that we have announced: every one can be served
// to whoever it was announced to, and to nobody else, so that asking does not
// reveal what we have. It is a plain value.
type offered struct {
	txs   map[chainhash.Hash]*offeredTx
	bytes int
}

// offeredTx is a transaction that is offered.
type offeredTx struct {
	tx   *wire.MsgTx
	size int
	to   map[uint64]bool // who it was announced to
}

func newOffered() offered { return offered{txs: make(map[chainhash.Hash]*offeredTx)} }

// offer offers a transaction to a peer, and reports whether that
// peer has yet to hear of it.
func (s *offered) offer(id uint64, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	w := s.txs[hash]
	if w == nil {
		w = &offeredTx{tx: tx, size: tx.SerializeSize(), to: make(map[uint64]bool)}
		if len(s.txs) >= maxOffered || s.bytes+w.size > maxOfferedBytes {
			return false, ErrOffersFull
		}
		s.txs[hash] = w
		s.bytes += w.size
	}
	announce = !w.to[id]
	w.to[id] = true
	return announce, nil
}

// withdraw stops offering a transaction.
func (s *offered) withdraw(hash chainhash.Hash) {
	if w := s.txs[hash]; w != nil {
		s.bytes -= w.size
		delete(s.txs, hash)
	}
}

// serve returns a transaction for a peer that asks for it, or nil.
func (s *offered) serve(id uint64, hash chainhash.Hash) *wire.MsgTx {
	if w := s.txs[hash]; w != nil && w.to[id] {
		return w.tx
	}
	return nil
}

// echoes reports whether it means anything that a peer announces a transaction:
// that it reached the peer without us.
func (s *offered) echoes(id uint64, hash chainhash.Hash) bool {
	w := s.txs[hash]
	return w != nil && !w.to[id]
}

// left forgets a peer.
func (s *offered) left(id uint64) {
	for _, w := range s.txs {
		delete(w.to, id)
	}
}
