package testnet

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
)

// How often transactions are announced, and how many at a time.
const (
	trickleLeast = 100 * time.Millisecond
	trickleMost  = 500 * time.Millisecond
	trickleSize  = 1000
)

// watch pings the client, drops it when it leaves a message unanswered, and announces
// transactions in batches.
func (s *Session) watch(ctx context.Context) error {
	chance := newStream(s.nonce, 0x747269636b6c65)
	ping := wait.NewTimer(pingEvery)
	defer ping.Stop()
	stall := wait.NewTimer(stallTick)
	defer stall.Stop()
	var flush *wait.Timer // nil while nothing waits to be announced
	for {
		select {
		case <-ping.C():
			ping.Reset(pingEvery)
			s.tell(Encode(wire.NewMsgPing(chance.pcg.Uint64()), s.pver))
		case <-stall.C():
			stall.Reset(stallTick)
			if err := s.overdue(time.Now()); err != nil {
				return err
			}
		case <-s.trickled:
			if flush == nil {
				flush = wait.NewTimer(trickleLeast + time.Duration(chance.below(int(trickleMost-trickleLeast))))
			}
		case <-flush.C():
			flush.Stop()
			flush = nil
			s.flushTrickle()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// flushTrickle announces the transactions that wait for it.
func (s *Session) flushTrickle() {
	s.mu.Lock()
	batch := s.trickle[:min(len(s.trickle), trickleSize)]
	s.trickle = s.trickle[len(batch):]
	more := len(s.trickle) > 0
	s.mu.Unlock()
	if len(batch) > 0 {
		s.tell(invOf(batch, s.pver))
	}
	if more {
		s.announceTx()
	}
}

// invOf returns the message that announces transactions.
func invOf(txs []chainhash.Hash, pver uint32) Message {
	inv := wire.NewMsgInv()
	for i := range txs {
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeTx, &txs[i]))
	}
	return Encode(inv, pver)
}
