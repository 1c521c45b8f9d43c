package testnet

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Limits on getdata of one client.
const (
	maxPendingGetData = 1000 // messages that wait to be served
	maxQueuedData     = 3    // items that wait to be sent
)

// handleGetData queues the items that a client requests. They are answered in order, while
// other messages are handled.
func (s *Session) handleGetData(m *wire.MsgGetData) error {
	if len(m.InvList) == 0 {
		return s.node.ban(s.host, "sent an empty getdata")
	}
	if err := s.scored(float64(len(m.InvList)*getdataScore/wire.MaxInvPerMsg), wire.CmdGetData); err != nil {
		return err
	}
	select {
	case s.asked <- m.InvList:
		return nil
	default:
		return errTooMuchAsked
	}
}

// serveData answers getdata, a few items ahead of the items being sent.
func (s *Session) serveData(ctx context.Context) error {
	for {
		select {
		case items := <-s.asked:
			if err := s.serveItems(ctx, items); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serveItems sends the items that the node has, and one notfound for the rest.
func (s *Session) serveItems(ctx context.Context, items []*wire.InvVect) error {
	missing := wire.NewMsgNotFound()
	for _, item := range items {
		if err := s.out.room(ctx, maxQueuedData); err != nil {
			return err
		}
		answer, ok := s.item(item)
		if !ok {
			missing.InvList = append(missing.InvList, item)
			continue
		}
		s.tell(answer...)
	}
	if len(missing.InvList) > 0 {
		s.tell(Encode(missing, s.pver))
	}
	return nil
}

// item returns the answer to a request for one item.
func (s *Session) item(item *wire.InvVect) ([]Message, bool) {
	switch item.Type {
	case wire.InvTypeBlock:
		return s.node.cfg.Behaviour.Block(s, &item.Hash)
	case wire.InvTypeTx:
		if tx := s.node.tx(&item.Hash); tx != nil {
			return []Message{Encode(tx, s.pver)}, true
		}
	}
	return nil, false
}

// handleInv requests transactions that the node does not have. It ignores announced blocks,
// which the node knows.
func (s *Session) handleInv(m *wire.MsgInv) error {
	if len(m.InvList) == 0 {
		return s.node.ban(s.host, "sent an empty inv")
	}
	ask := wire.NewMsgGetData()
	for _, item := range m.InvList {
		if item.Type == wire.InvTypeTx && s.node.tx(&item.Hash) == nil {
			ask.InvList = append(ask.InvList, item)
		}
	}
	if len(ask.InvList) > 0 {
		s.await(wire.CmdTx)
		s.tell(Encode(ask, s.pver))
	}
	return nil
}

// handleMemPool announces everything in the mempool.
func (s *Session) handleMemPool() error {
	if err := s.scored(mempoolScore, wire.CmdMemPool); err != nil {
		return err
	}
	s.announceTx(s.node.pooled()...)
	return nil
}

// announceTx adds transactions to the next batch of announcements.
func (s *Session) announceTx(hashes ...chainhash.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, hash := range hashes {
		if !s.announced[hash] { // dcrd announces nothing twice, not for a mempool message either
			s.announced[hash] = true
			s.trickle = append(s.trickle, hash)
		}
	}
	select {
	case s.trickled <- struct{}{}:
	default:
	}
}
