package spv

import (
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
)

// ErrEarlyFilters is what a run ends with when peer after peer has served
// filters below DCP0005 that are not what the network is known to have.
var ErrEarlyFilters = errors.New("the early filters of every peer asked contradict the known hash over them")

// maxEarlyTries bounds how often the early filters are fetched again.
const maxEarlyTries = 10

// earlyLedger finds out who lies about early filters: those below DCP0005,
// which are proven only all together. The first time they come from everybody.
// When that fails, they are fetched again from one peer after the other, each
// time all from the same one if it can be had: a second failure is then proven
// to be that peer's, and a success shows whose filters were wrong before. It is
// a pure value.
type earlyLedger struct {
	tries int                                  // failures so far
	solo  uint64                               // whom all are fetched from; zero for everybody
	mixed bool                                 // some came from somebody else
	tried []uint64                             // all that were solo
	sums  map[chain.Height]map[uint64]earlySum // by the first height of the chunk and the peer
	last  map[chain.Height]earlySum            // what is on the chain now
}

// earlySum is a chunk of filters in short.
type earlySum struct {
	n   int
	sum chainhash.Hash
}

// newEarlyLedger returns a ledger for filters that come from everybody.
func newEarlyLedger() *earlyLedger {
	return &earlyLedger{sums: make(map[chain.Height]map[uint64]earlySum), last: make(map[chain.Height]earlySum)}
}

// note takes down what a peer has served.
func (l *earlyLedger) note(from uint64, b *chain.FilterBatch) {
	parts := make([]byte, 0, b.Len()*chainhash.HashSize)
	for i := range b.Len() {
		parts = append(parts, chainhash.HashB(b.Filter(i))...)
	}
	start, sum := b.First().Height, earlySum{b.Len(), chainhash.HashH(parts)}
	if l.sums[start] == nil {
		l.sums[start] = make(map[uint64]earlySum)
	}
	l.sums[start][from] = sum
	l.last[start] = sum
	l.mixed = l.mixed || from != l.solo
}

// avoid returns whom not to ask for early filters.
func (l *earlyLedger) avoid(live []uint64) []uint64 {
	if l.solo == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(live), func(id uint64) bool { return id == l.solo })
}

// failed takes note that the filters are wrong as a whole. It returns the peer
// that is now proven to have served wrong ones, or zero, and chooses whom they
// are fetched from next.
func (l *earlyLedger) failed(live []uint64) (liar uint64) {
	if l.solo != 0 && !l.mixed {
		liar = l.solo
	}
	l.tries++
	l.solo, l.mixed = 0, false
	for _, id := range live {
		if id != liar && !slices.Contains(l.tried, id) {
			l.solo = id
			l.tried = append(l.tried, id)
			break
		}
	}
	clear(l.last)
	return liar
}

// succeeded takes note that the filters are right as a whole. It returns the
// peers that had served something else before, in order.
func (l *earlyLedger) succeeded() (liars []uint64) {
	for start, right := range l.last {
		for id, sum := range l.sums[start] {
			if sum.n == right.n && sum.sum != right.sum && !slices.Contains(liars, id) {
				liars = append(liars, id)
			}
		}
	}
	slices.Sort(liars)
	clear(l.sums)
	clear(l.last)
	return liars
}

// early reports whether a height is below the first committed filter.
func (p *pursuit) early(h chain.Height) bool { return h < p.cfg.Params.DCP0005 }

// earlyRange names the early filters for people.
func (p *pursuit) earlyRange() string { return fmt.Sprintf("1–%d", p.cfg.Params.DCP0005-1) }

// earlyFailed starts the early filters over. The store has dropped them.
func (p *pursuit) earlyFailed(broken *chain.RuleError) error {
	p.touched()
	p.plan = newFilterPlan(p.staged.Filters.Height)
	liar := p.ledger.failed(p.survey.live())
	if liar != 0 {
		p.cfg.Peers.Accuse(liar, fmt.Errorf("served all filters %s: %w", p.earlyRange(), broken))
	}
	if p.ledger.tries >= maxEarlyTries {
		return fmt.Errorf("filters %s: %w: %w: connect to other peers and start again", p.earlyRange(), ErrEarlyFilters, broken)
	}
	p.cfg.Log.Warn("Early filters are wrong as a whole and are fetched again", "filters", p.earlyRange(),
		"tries", p.ledger.tries, "from", p.ledger.solo)
	p.warn("early-filters-wrong",
		fmt.Sprintf("The filters %s that came are not those of the network. They were dropped and are fetched again.", p.earlyRange()),
		"Nothing needs to be done unless this comes again and again: then connect to other peers.")
	return nil
}

// earlyProven names those who served something else before the early filters
// were found to be right.
func (p *pursuit) earlyProven() {
	for _, id := range p.ledger.succeeded() {
		p.cfg.Peers.Accuse(id, fmt.Errorf("served filters within %s that are not those that the network has", p.earlyRange()))
	}
	p.unwarn("early-filters-wrong")
}
