package waypoints

import (
	"slices"
	"sort"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Set is the waypoints of a network, and those of them that the main chain contradicts.
type Set struct {
	params       *consensus.Params
	contradicted []consensus.BlockID // in height order
}

// New returns the waypoints of a network, of which the main chain contradicts none.
func New(p *consensus.Params) Set { return Set{params: p} }

// Compare compares a main chain that ends at a height with the waypoints. The function returns
// the hash of its block at a height, and its error is that of Compare.
func (s *Set) Compare(tip consensus.Height, hashAt func(consensus.Height) (chainhash.Hash, error)) error {
	s.contradicted = nil
	for _, point := range s.params.Waypoints[:s.upTo(tip)] {
		hash, err := hashAt(point.Height)
		if err != nil {
			return err
		}
		if hash != point.Hash {
			s.contradicted = append(s.contradicted, point)
		}
	}
	return nil
}

// Contradicted returns the waypoints that the main chain contradicts, in height order.
func (s *Set) Contradicted() []consensus.BlockID { return slices.Clone(s.contradicted) }

// TakenBack records that the main chain was taken back to a height: it contradicts no waypoint
// above that any longer.
func (s *Set) TakenBack(to consensus.Height) {
	s.contradicted = slices.DeleteFunc(s.contradicted, func(point consensus.BlockID) bool { return point.Height > to })
}

// FirstContradicted returns the height of the first waypoint above a height that the main chain
// contradicts, or consensus.Never.
func (s *Set) FirstContradicted(above consensus.Height) consensus.Height {
	for _, point := range s.contradicted {
		if point.Height > above {
			return point.Height
		}
	}
	return consensus.Never
}

// On returns the number of waypoints on a branch that ends at the height tip and leaves the main
// chain above the height fork: those of the branch, which were all checked, and those that the
// main chain holds up to the fork.
func (s *Set) On(fork, tip consensus.Height) int {
	n := s.upTo(tip)
	for _, point := range s.contradicted {
		if point.Height <= fork {
			n--
		}
	}
	return n
}

// Last returns the height of the newest waypoint that a main chain with this tip holds, or zero.
func (s *Set) Last(tip consensus.Height) consensus.Height {
	points := s.params.Waypoints
	for i := s.upTo(tip) - 1; i >= 0; i-- {
		if !slices.Contains(s.contradicted, points[i]) {
			return points[i].Height
		}
	}
	return 0
}

// upTo returns the number of waypoints up to a height.
func (s *Set) upTo(h consensus.Height) int {
	points := s.params.Waypoints
	return sort.Search(len(points), func(i int) bool { return points[i].Height > h })
}
