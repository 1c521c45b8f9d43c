package txrelay

import (
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// Limits on offered transactions.
const (
	maxOffered      = 2000
	maxOfferedBytes = 16 << 20

	// maxServed is how often one peer is sent a transaction: a node asks once. A request of 36
	// bytes can be for 100,000.
	maxServed = 3
)

// ErrOffersFull means that too many transactions are offered already.
var ErrOffersFull = errors.New("too many transactions are being offered")

// offered holds the transactions that we have announced. Each is served to the peers to which
// it was announced and to no others, so that a request does not reveal which transactions we
// have. It is a plain value.
type offered struct {
	txs   map[chainhash.Hash]*offeredTx
	bytes int
}

// offeredTx is a transaction that is offered.
type offeredTx struct {
	tx   *wire.MsgTx
	size int
	to   map[p2p.PeerID]int // how often it was served, by the ids of the peers to which it was announced
}

func newOffered() offered { return offered{txs: make(map[chainhash.Hash]*offeredTx)} }

// offer offers a transaction to a peer, and reports whether it is still to be announced to
// that peer.
func (s *offered) offer(id p2p.PeerID, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	w := s.txs[hash]
	if w == nil {
		w = &offeredTx{tx: tx, size: tx.SerializeSize(), to: make(map[p2p.PeerID]int)}
		if len(s.txs) >= maxOffered || s.bytes+w.size > maxOfferedBytes {
			return false, ErrOffersFull
		}
		s.txs[hash] = w
		s.bytes += w.size
	}
	served, before := w.to[id]
	w.to[id] = served
	return !before, nil
}

// withdraw stops offering a transaction.
func (s *offered) withdraw(hash chainhash.Hash) {
	if w := s.txs[hash]; w != nil {
		s.bytes -= w.size
		delete(s.txs, hash)
	}
}

// serve returns a transaction to send to a peer that requests it, or nil.
func (s *offered) serve(id p2p.PeerID, hash chainhash.Hash) *wire.MsgTx {
	w := s.txs[hash]
	if w == nil {
		return nil
	}
	if served, announced := w.to[id]; !announced || served >= maxServed {
		return nil
	}
	w.to[id]++
	return w.tx
}

// echoes reports whether the announcement of a transaction by a peer is an echo: the
// transaction reached the peer without us.
func (s *offered) echoes(id p2p.PeerID, hash chainhash.Hash) bool {
	w := s.txs[hash]
	if w == nil {
		return false
	}
	_, announced := w.to[id]
	return !announced
}

// left forgets a peer.
func (s *offered) left(id p2p.PeerID) {
	for _, w := range s.txs {
		delete(w.to, id)
	}
}
