package main

import (
	"context"
	"errors"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// relayPort publishes transactions through the syncer.
type relayPort struct{ syncer *spv.Syncer }

// Publish implements rpc.Relay.
func (p relayPort) Publish(ctx context.Context, tx *wire.MsgTx) error {
	_, err := p.syncer.Publish(ctx, tx)
	switch {
	case errors.Is(err, spv.ErrNoPeers):
		return rpc.ErrNoPeers
	case errors.Is(err, spv.ErrRejected), errors.Is(err, spv.ErrTooMany), errors.Is(err, wallet.ErrMined):
		return &api.Error{Code: api.CodeRejected, Message: err.Error()}
	}
	return walletError(err)
}

// Published implements rpc.Relay.
func (p relayPort) Published() []api.Publication {
	all := p.syncer.Publications()
	list := make([]api.Publication, len(all))
	for i, pub := range all {
		list[i] = api.Publication{
			TxID: pub.Hash.String(), Outcome: pub.Outcome.String(), Since: unix(pub.Since), Own: pub.Own,
			OfferedTo: pub.OfferedTo, FetchedBy: pub.FetchedBy, EchoedBy: pub.EchoedBy,
			Next: unix(pub.Next), Height: int64(pub.Height),
		}
	}
	return list
}

// SeenFees implements rpc.Relay.
func (p relayPort) SeenFees() (seen []rpc.BlockFees, blocks int) {
	for _, b := range p.syncer.Fees() {
		seen = append(seen, rpc.BlockFees{Size: b.Size, Txs: b.Txs, Lowest: int64(b.Lowest), Median: int64(b.Median)})
	}
	return seen, spv.FeeBlocks
}
