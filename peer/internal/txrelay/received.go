package txrelay

import (
	"cmp"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// Limits on received transactions that were not taken yet, in bytes as held.
const (
	maxReceivedBytes = 4 << 20 // of all peers
	maxSourceBytes   = 1 << 20 // of one source
	receivedOverhead = 512     // bytes that each takes in addition to its own
)

// maxTxEvents bounds the events of offered transactions that were not taken yet.
const maxTxEvents = 2000

// receivedTx is a transaction that a peer has sent.
type receivedTx struct {
	hash chainhash.Hash
	p2p.Tx
}

func (t *receivedTx) held() int { return len(t.Raw) + receivedOverhead }

// receivedQueue holds the bytes of transactions that were not taken yet. When there are too
// many, the oldest one of the source that has most of them is dropped. It is a plain value.
type receivedQueue struct {
	txs      []receivedTx // oldest first
	held     int
	bySource map[string]int
}

// put adds a transaction and returns those that were dropped for it.
func (q *receivedQueue) put(t receivedTx) (dropped []chainhash.Hash) {
	if q.bySource == nil {
		q.bySource = make(map[string]int)
	}
	q.txs = append(q.txs, t)
	q.count(&t, 1)
	for q.held > maxReceivedBytes || q.bySource[t.Source] > maxSourceBytes {
		from := t.Source
		if q.bySource[from] <= maxSourceBytes {
			for name, n := range q.bySource {
				if c := cmp.Compare(n, q.bySource[from]); c > 0 || c == 0 && name < from {
					from = name
				}
			}
		}
		dropped = append(dropped, q.dropOldest(from))
	}
	return dropped
}

func (q *receivedQueue) count(t *receivedTx, sign int) {
	q.held += sign * t.held()
	if q.bySource[t.Source] += sign * t.held(); q.bySource[t.Source] == 0 {
		delete(q.bySource, t.Source)
	}
}

// dropOldest drops the oldest transaction of a source that has at least one.
func (q *receivedQueue) dropOldest(source string) chainhash.Hash {
	for i := range q.txs {
		if t := q.txs[i]; t.Source == source {
			q.txs = append(q.txs[:i], q.txs[i+1:]...)
			q.txs[:len(q.txs)+1][len(q.txs)] = receivedTx{} // releases its bytes
			q.count(&t, -1)
			return t.hash
		}
	}
	return chainhash.Hash{}
}

// take removes and returns the oldest transactions, of at most so many bytes, but at least
// one.
func (q *receivedQueue) take(most int) []p2p.Tx {
	n := 0
	for n < len(q.txs) && (n == 0 || most >= q.txs[n].held()) {
		most -= q.txs[n].held()
		n++
	}
	taken := make([]p2p.Tx, n)
	for i := range taken {
		q.count(&q.txs[i], -1)
		taken[i] = q.txs[i].Tx
	}
	if q.txs = append([]receivedTx(nil), q.txs[n:]...); len(q.txs) == 0 {
		q.txs = nil
	}
	return taken
}
