package chain

import (
	"slices"
	"sort"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Contradicted returns the waypoints whose heights the main chain has reached with other
// blocks, in height order. Only blocks that were stored before this version of the
// program, or its user, knew the waypoints can be such: new ones are refused. A branch
// that holds more waypoints takes the place of the main chain, whatever the work.
//
// It is for the goroutine that writes.
func (c *Chain) Contradicted() []consensus.BlockID { return slices.Clone(c.contradicted) }

// findContradicted compares the stored chain with the waypoints.
func (c *Chain) findContradicted(tx *store.Txn, tip consensus.Height) error {
	c.contradicted = nil
	for _, point := range c.params.Waypoints[:c.waypointsBelow(tip)] {
		hash, err := hashOnDisk(tx, point.Height)
		if err != nil {
			return err
		}
		if hash != point.Hash {
			c.contradicted = append(c.contradicted, point)
		}
	}
	return nil
}

// forgetContradicted drops the waypoints above a height from those that the main chain
// contradicts: it was taken back to that height.
func (c *Chain) forgetContradicted(above consensus.Height) {
	c.contradicted = slices.DeleteFunc(c.contradicted, func(point consensus.BlockID) bool {
		return point.Height > above
	})
}

// firstContradicted returns the height of the first waypoint above a height that the
// main chain contradicts, or Never.
func (c *Chain) firstContradicted(above consensus.Height) consensus.Height {
	for _, point := range c.contradicted {
		if point.Height > above {
			return point.Height
		}
	}
	return consensus.Never
}

// waypointsBelow returns the number of waypoints up to a height.
func (c *Chain) waypointsBelow(h consensus.Height) int {
	points := c.params.Waypoints
	return sort.Search(len(points), func(i int) bool { return points[i].Height > h })
}

// held returns the number of waypoints on a branch that ends at the height tip and
// leaves the main chain above the height fork: those of the branch, which were all
// checked, and those that the main chain holds below it.
func (c *Chain) held(fork, tip consensus.Height) int {
	n := c.waypointsBelow(tip)
	for _, point := range c.contradicted {
		if point.Height <= fork {
			n--
		}
	}
	return n
}

// lastWaypoint returns the height of the newest waypoint that the main chain holds, or
// zero.
func (c *Chain) lastWaypoint() consensus.Height {
	points := c.params.Waypoints
	for i := c.waypointsBelow(c.tip.Headers.Height) - 1; i >= 0; i-- {
		if !slices.Contains(c.contradicted, points[i]) {
			return points[i].Height
		}
	}
	return 0
}
