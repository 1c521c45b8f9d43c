package chain

import (
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Contradicted returns the waypoints whose heights the main chain has reached with other
// blocks, in height order. Only blocks that were stored before this version of the
// program, or its user, knew the waypoints can be such: new ones are refused. A branch
// that holds more waypoints takes the place of the main chain, whatever the work.
//
// It is for the goroutine that writes.
func (c *Chain) Contradicted() []consensus.BlockID { return c.waypoints.Contradicted() }

// findContradicted compares the stored chain with the waypoints.
func (c *Chain) findContradicted(tx *store.Txn, tip consensus.Height) error {
	return c.waypoints.Compare(tip, func(h consensus.Height) (chainhash.Hash, error) { return hashOnDisk(tx, h) })
}

// lastWaypoint returns the height of the newest waypoint that the main chain holds, or
// zero.
func (c *Chain) lastWaypoint() consensus.Height { return c.waypoints.Last(c.tip.Headers.Height) }
