package serve

import (
	"context"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/peer/internal/fault"
)

// txTime is how long a client has to send a transaction that it was asked for.
const txTime = time.Minute

// announced requests the transactions that the client announces, as far as its limits allow and
// they are not being published already.
func (s *session) announced(payload []byte) ([]*message, error) {
	items, err := inventoryOf(wire.CmdInv, payload)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for hash, since := range s.wanted {
		if now.Sub(since) > txTime {
			delete(s.wanted, hash)
		}
	}
	var ask []wire.InvVect
	for _, item := range items {
		if len(s.wanted)+len(ask) >= maxTxsAsked {
			break
		}
		if _, asked := s.wanted[item.Hash]; item.Type != wire.InvTypeTx || asked || s.srv.cfg.Network.Published(item.Hash) != nil {
			continue
		}
		ask = append(ask, item)
	}
	if ask = ask[:s.srv.sources.useTxs(s.src, len(ask), now)]; len(ask) == 0 {
		return nil, nil
	}
	for _, item := range ask {
		s.wanted[item.Hash] = now
	}
	return one(inventory(s.srv.cfg.Params.Net, wire.CmdGetData, ask))
}

// transaction queues a transaction that the client was asked for. Another one is dropped.
func (s *session) transaction(payload []byte) error {
	hash, err := parse.TxID(payload)
	if err != nil {
		return faultf("tx: %v", err)
	}
	if _, asked := s.wanted[hash]; !asked {
		return nil
	}
	delete(s.wanted, hash)
	tx, err := parse.Tx(slices.Clone(payload)) // its scripts refer to the bytes
	if err != nil {
		return faultf("tx: %v", err)
	}
	if s.heard.len() >= maxTxsHeld {
		s.log.Info("Transaction of a client dropped: too many wait", "tx", hash)
		return nil
	}
	s.heard.add(tx)
	return nil
}

// notFound forgets transactions that the client does not have after all.
func (s *session) notFound(payload []byte) error {
	items, err := inventoryOf(wire.CmdNotFound, payload)
	if err != nil {
		return err
	}
	for _, item := range items {
		delete(s.wanted, item.Hash)
	}
	return nil
}

// publish passes the transactions of the client on to the network, one after the other, because
// one may spend the one before it, until ctx ends.
func (s *session) publish(ctx context.Context) error {
	for {
		tx, err := s.heard.take(ctx)
		if err != nil {
			return err
		}
		var hash chainhash.Hash
		err = fault.Contain(s.log, s.addr, s.srv.defect, func() error {
			hash = tx.TxHash()
			return s.srv.cfg.Network.Publish(ctx, tx, s.src.name)
		})
		if err != nil {
			s.log.Info("Transaction of a client not passed on", "tx", hash, "err", err)
			continue
		}
		s.srv.txs.Add(1)
		s.log.Info("Passing on a transaction of a client", "tx", hash)
	}
}
