package filtersync

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of the comparison of early filters.
const (
	// earlyPiece is the number of filters that are compared by one hash.
	earlyPiece = 2016

	// Opinions is how many peers are asked for the whole set, if there are as many
	// independent ones, before filters that do not fit the known hash are accepted; two
	// of them have to agree.
	Opinions = 3

	// earlyRetry is how long peers that failed to answer are left alone.
	earlyRetry = time.Minute

	// earlyBudget is how many whole sets may be fetched in a day to be compared.
	earlyBudget = 4
)

// earlyOpinion is what one peer has served as the early filters.
type earlyOpinion struct {
	peer   p2p.PeerID
	group  string // the network that the peer lies in; empty if not known
	pieces map[int]chainhash.Hash
	fits   bool // it is a whole set, and has the known hash
}

// independent reports whether two peers are hardly the same one.
func (o *earlyOpinion) independent(of *earlyOpinion) bool {
	return o.peer != of.peer && (o.group == "" || o.group != of.group)
}

// earlySets compares the early filters, those below DCP0005, that peers serve. They are
// proven only all together, by a known hash. The first set is fetched from all peers. When it
// does not fit, nothing says which filter is wrong, nor whether the known hash is: so no
// peer is accused, and single peers are asked for the whole set, piece by piece. Their
// pieces are compared by hashes. A set that fits is the right one. If none does, what two
// independent peers agree on is used, unproven. It is a pure value.
type earlySets struct {
	first    []chainhash.Hash // the pieces of the set on the chain; nil while that is not known to be wrong
	opinions []*earlyOpinion
	asked    []p2p.PeerID     // peers that were asked, or failed to answer
	target   []chainhash.Hash // the pieces to use; nil while that is open
	proven   bool             // the target has the known hash
	accepted bool             // the target is used though it is not known to fit

	size   int       // of the set, in bytes
	again  time.Time // when peers that failed to answer are asked again
	day    time.Time // when the current day of the budget began
	loaded int       // bytes fetched to compare, since then
}

// pieces returns how many pieces the filters below a height are.
func pieces(below consensus.Height) int { return int((below + earlyPiece - 1) / earlyPiece) }

// pieceOf returns the piece that holds the filter of a height.
func pieceOf(h consensus.Height) int { return int(h / earlyPiece) }

// wrong records that the set on the chain, with the given pieces and size, does not fit.
// It reports whether that set is the target already, which then is used as it is.
func (s *earlySets) wrong(first []chainhash.Hash, size int) (accepted bool) {
	s.first, s.size = first, size
	if s.target != nil && slices.Equal(s.target, first) {
		s.accepted = true
	}
	return s.accepted
}

// examining reports whether peers are asked for their sets.
func (s *earlySets) examining() bool { return s.first != nil && s.target == nil }

// next chooses a peer for the next opinion, and the pieces to ask it for: one in another
// network than those that were asked before. It returns zero if there is none, or the
// bytes of the day are spent.
func (s *earlySets) next(live []p2p.PeerID, group func(p2p.PeerID) string, now time.Time) (peer p2p.PeerID, ask []int) {
	if now.Sub(s.day) >= 24*time.Hour {
		s.day, s.loaded = now, 0
	}
	ask = s.open()
	if s.loaded+s.size/len(s.first)*len(ask) > earlyBudget*s.size {
		return 0, nil
	}
	for _, id := range live {
		if !slices.Contains(s.asked, id) && s.isNew(&earlyOpinion{peer: id, group: group(id)}) {
			return id, ask
		}
	}
	return 0, nil
}

// retry makes peers that failed to answer be asked again, once in a minute.
func (s *earlySets) retry(now time.Time) {
	if now.Before(s.again) {
		return
	}
	s.again = now.Add(earlyRetry)
	s.asked = nil
	for _, o := range s.opinions {
		s.asked = append(s.asked, o.peer)
	}
}

// discard forgets all opinions: the peers that served the target have served something
// else since. What was fetched for nothing counts.
func (s *earlySets) discard() {
	*s = earlySets{first: s.first, size: s.size, day: s.day, loaded: s.loaded + s.size}
}

// isNew reports whether a peer is independent of all that have given an opinion.
func (s *earlySets) isNew(o *earlyOpinion) bool {
	return !slices.ContainsFunc(s.opinions, func(other *earlyOpinion) bool { return !o.independent(other) })
}

// open returns the pieces that the next peer is to be asked for: those on which no two
// agree, or all of them while only agreement is there and no opinion beyond it.
func (s *earlySets) open() []int {
	var open []int
	for k := range s.first {
		if _, agreed := s.agreed(k); !agreed {
			open = append(open, k)
		}
	}
	if len(open) > 0 && len(s.opinions) >= 2 {
		return open
	}
	all := make([]int, len(s.first))
	for k := range all {
		all[k] = k
	}
	return all
}

// agreed returns the piece that the most, and at least two, of the opinions have.
func (s *earlySets) agreed(k int) (sum chainhash.Hash, ok bool) {
	votes := make(map[chainhash.Hash]int)
	for _, o := range s.opinions {
		if h, has := o.pieces[k]; has {
			votes[h]++
		}
	}
	most := 1
	for h, n := range votes {
		if n > most {
			sum, most, ok = h, n, true
		}
	}
	return sum, ok
}

// add records an opinion, and decides if it can. The peers left are those that could still
// be asked.
func (s *earlySets) add(o *earlyOpinion, bytes, left int) {
	s.loaded += bytes
	s.opinions = append(s.opinions, o)
	if o.fits {
		s.target = make([]chainhash.Hash, len(s.first))
		for k, sum := range o.pieces {
			s.target[k] = sum
		}
		s.proven = true
		return
	}
	s.conclude(left)
}

// conclude makes what two peers agree on the target, if they do for every piece, and no
// more opinions are to be had: so many peers could still be asked.
func (s *earlySets) conclude(left int) {
	if len(s.opinions) < 2 || left > 0 && len(s.opinions) < Opinions {
		return
	}
	target := make([]chainhash.Hash, len(s.first))
	for k := range target {
		sum, ok := s.agreed(k)
		if !ok {
			return
		}
		target[k] = sum
	}
	s.target = target
	s.accepted = slices.Equal(target, s.first) // known not to fit
}

// differs returns the first piece in which the set on the chain is not the target; ok is
// false if there is none.
func (s *earlySets) differs() (k int, ok bool) {
	for k := range s.target {
		if s.first[k] != s.target[k] {
			return k, true
		}
	}
	return 0, false
}

// supporters returns the peers that have served a piece of the target.
func (s *earlySets) supporters(k int) []p2p.PeerID {
	var ids []p2p.PeerID
	for _, o := range s.opinions {
		if s.target != nil && k < len(s.target) && o.pieces[k] == s.target[k] {
			ids = append(ids, o.peer)
		}
	}
	return ids
}

// liars returns the peers that have served pieces other than those of a proven set.
func (s *earlySets) liars() []p2p.PeerID {
	var ids []p2p.PeerID
	for _, o := range s.opinions {
		for k, sum := range o.pieces {
			if k < len(s.target) && sum != s.target[k] {
				ids = append(ids, o.peer)
				break
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// pieceSum hashes the filters of a piece: their hashes one after the other.
type pieceSum struct{ hashes []byte }

// add adds the next filter.
func (p *pieceSum) add(filter []byte) { p.hashes = append(p.hashes, chainhash.HashB(filter)...) }

// sum returns the hash of the piece and begins the next one.
func (p *pieceSum) sum() chainhash.Hash {
	h := chainhash.HashH(p.hashes)
	p.hashes = p.hashes[:0]
	return h
}
