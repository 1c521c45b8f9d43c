package peer

import (
	"errors"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
)

// handleTxInv records announced transactions and requests those that are wanted. It ignores a
// peer that was asked not to announce any.
func (c *conn) handleTxInv(hashes []chainhash.Hash) error {
	if len(hashes) == 0 || !c.relayTx {
		return nil
	}
	return c.askTxs(c.relay.Announced(c.id, c.addr, hashes))
}

// handleTx records a transaction. One that is too large for any node to relay was skipped.
func (c *conn) handleTx(f frame) error {
	if f.over > 0 {
		if !c.relay.Oversized(c.id, f.over) {
			c.onFault(fault.Unsolicited, fmt.Errorf("transaction of %d bytes", f.over))
		}
		return nil
	}
	hash := f.shape.first
	asked, ask := c.relay.Arrived(c.id, hash, f.payload)
	if !asked {
		c.onFault(fault.Unsolicited, fmt.Errorf("transaction %s", hash))
		return nil
	}
	c.throttle.refund(f.size)
	return c.askTxs(ask)
}

// askTxs requests transactions from the peer, never more in one message than dcrd serves
// without scoring it.
func (c *conn) askTxs(hashes []chainhash.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	msg := wire.NewMsgGetDataSizeHint(uint(len(hashes)))
	for i := range hashes {
		if err := msg.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &hashes[i])); err != nil {
			return err
		}
	}
	return c.out.put(msg)
}

// handleGetData serves transactions that were announced to the peer, and answers notfound for
// everything else.
func (c *conn) handleGetData(msg *wire.MsgGetData) error {
	missing := wire.NewMsgNotFound()
	for _, iv := range msg.InvList {
		if iv.Type == wire.InvTypeTx {
			if tx := c.relay.Serve(c.id, iv.Hash); tx != nil {
				if err := c.out.put(tx); err != nil {
					return err
				}
				continue
			}
		}
		missing.InvList = append(missing.InvList, iv)
	}
	if len(missing.InvList) == 0 {
		return nil
	}
	return c.out.put(missing)
}

// put queues a message. It ends the connection, and returns the cause, if that fails.
func (c *conn) put(msg wire.Message) error {
	if !c.live() {
		return c.cause
	}
	if err := c.out.put(msg); err != nil {
		c.end(err)
		return c.cause
	}
	return nil
}

// errSilenced means that the peer was asked in the handshake to announce no transactions.
var errSilenced = errors.New("the peer was asked not to announce transactions")

// errAskedMempool means that a peer was asked for its mempool not long ago.
var errAskedMempool = errors.New("the peer was asked for its mempool less than two minutes ago")

// mempoolPause is how long a peer is not asked for its mempool again. dcrd adds 33 to
// a ban score that halves each minute, and bans at 100 (server.go: OnMemPool): so the
// score stays below 45.
const mempoolPause = 2 * time.Minute

// askMempool asks the peer to announce its mempool, once in mempoolPause.
func (c *conn) askMempool() error {
	if !c.relayTx {
		return &fault.Error{Reason: fault.NotFound, Peer: c.addr, Err: errSilenced}
	}
	c.mu.Lock()
	now := time.Now()
	asked := !c.poolAskedAt.IsZero() && now.Sub(c.poolAskedAt) < mempoolPause
	if !asked {
		c.poolAskedAt = now
	}
	c.mu.Unlock()
	if asked {
		return &fault.Error{Reason: fault.NotFound, Peer: c.addr, Err: errAskedMempool}
	}
	return c.put(wire.NewMsgMemPool())
}
