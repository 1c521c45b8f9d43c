package rpctest

import (
	"context"
	"sync"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// cannedRelay publishes everything but what has a lock time, to as many peers as
// there are.
type cannedRelay struct {
	d *Daemon

	mu   sync.Mutex
	list []api.Publication
}

// Publish implements rpc.Relay.
func (r *cannedRelay) Publish(_ context.Context, tx *wire.MsgTx) error {
	switch {
	case r.d.Status().Peers == 0:
		return rpc.ErrNoPeers
	case tx.LockTime != 0:
		return refuse(api.CodeRejected, "transaction spends what another one spends")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, api.Publication{
		TxID: tx.TxHash().String(), Outcome: "seen", Since: 1600000000, OfferedTo: 1, FetchedBy: 1, EchoedBy: 2, Next: 1600003600,
	})
	return nil
}

// Published implements rpc.Relay.
func (r *cannedRelay) Published() []api.Publication {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]api.Publication(nil), r.list...)
}

// SeenFees implements rpc.Relay.
func (r *cannedRelay) SeenFees() (seen []rpc.BlockFees, blocks int) {
	return []rpc.BlockFees{{Size: 12000, Txs: 9, Lowest: 10000, Median: 10000}}, 144
}
