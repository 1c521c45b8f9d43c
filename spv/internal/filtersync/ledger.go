package filtersync

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// earlyLedger records which peer has served which early filters, in chunks, so that the
// peers that served others can be accused once the right ones are proven. It is a pure value.
type earlyLedger struct {
	sums map[consensus.Height]map[p2p.PeerID]earlySum // by the first height of the chunk and the peer
}

// earlySum is a chunk of filters in short.
type earlySum struct {
	n   int
	sum chainhash.Hash
}

// newEarlyLedger returns an empty ledger.
func newEarlyLedger() *earlyLedger {
	return &earlyLedger{sums: make(map[consensus.Height]map[p2p.PeerID]earlySum)}
}

// note records what a peer has served.
func (l *earlyLedger) note(from p2p.PeerID, b *consensus.FilterBatch) {
	var s pieceSum
	for i := range b.Len() {
		s.add(b.Filter(i))
	}
	start := b.First().Height
	if l.sums[start] == nil {
		l.sums[start] = make(map[p2p.PeerID]earlySum)
	}
	l.sums[start][from] = earlySum{b.Len(), s.sum()}
}

// noteLate is note for filters that arrived late: the filters that the peer has served in time
// count instead, if there are any.
func (l *earlyLedger) noteLate(from p2p.PeerID, b *consensus.FilterBatch) {
	if _, noted := l.sums[b.First().Height][from]; !noted {
		l.note(from, b)
	}
}

// longest returns the most filters of a chunk that begins at a height; zero if none does.
func (l *earlyLedger) longest(start consensus.Height) int {
	n := 0
	for _, sum := range l.sums[start] {
		n = max(n, sum.n)
	}
	return n
}

// ledgerCheck finds the peers of a ledger that have served filters other than the right
// ones, which it is given in height order.
type ledgerCheck struct {
	ledger *earlyLedger
	open   []*openChunk
	liars  []p2p.PeerID
}

// openChunk is a chunk whose right filters were not all given yet.
type openChunk struct {
	start consensus.Height
	most  int // filters of the longest one that begins there
	n     int // filters so far
	sum   pieceSum
}

// next takes the right filter of the next height.
func (c *ledgerCheck) next(h consensus.Height, filter []byte) {
	if most := c.ledger.longest(h); most > 0 {
		c.open = append(c.open, &openChunk{start: h, most: most})
	}
	for _, o := range c.open {
		o.sum.add(filter)
		o.n++
		c.compare(o)
	}
	c.open = slices.DeleteFunc(c.open, func(o *openChunk) bool { return o.n >= o.most })
}

// compare names the peers that have served as many filters of a chunk as there are right
// ones of it by now, and others.
func (c *ledgerCheck) compare(o *openChunk) {
	var right chainhash.Hash
	for id, served := range c.ledger.sums[o.start] {
		if served.n != o.n {
			continue
		}
		if right == (chainhash.Hash{}) {
			right = chainhash.HashH(o.sum.hashes)
		}
		if served.sum != right && !slices.Contains(c.liars, id) {
			c.liars = append(c.liars, id)
		}
	}
}
