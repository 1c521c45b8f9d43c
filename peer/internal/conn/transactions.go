package conn

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
func (rd *reader) handleTxInv(hashes []chainhash.Hash) error {
	if len(hashes) == 0 || !rd.conn.relayTx {
		return nil
	}
	return rd.conn.AskTxs(rd.conn.cfg.Txs.Announced(rd.id, rd.conn.addr, hashes))
}

// handleTx records a transaction. One that is too large for any node to relay was skipped.
func (rd *reader) handleTx(f frame) error {
	if f.over > 0 {
		if !rd.conn.cfg.Txs.Oversized(rd.id, f.over) {
			rd.on.Fault(fault.Unsolicited, fmt.Errorf("transaction of %d bytes", f.over))
		}
		return nil
	}
	hash := f.shape.first
	asked, ask := rd.conn.cfg.Txs.Arrived(rd.id, hash, f.payload)
	if !asked {
		rd.on.Fault(fault.Unsolicited, fmt.Errorf("transaction %s", hash))
		return nil
	}
	rd.throttle.refund(f.size)
	return rd.conn.AskTxs(ask)
}

// AskTxs requests transactions from the peer. There must not be more of them than dcrd serves
// for one message without scoring it.
func (c *Conn) AskTxs(hashes []chainhash.Hash) error {
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

// handleGetData serves transactions and messages of mixing that were announced to the peer, and
// answers notfound for everything else.
func (rd *reader) handleGetData(msg *wire.MsgGetData) error {
	missing := wire.NewMsgNotFound()
	for _, iv := range msg.InvList {
		if iv.Type == wire.InvTypeTx {
			if tx := rd.conn.cfg.Txs.Serve(rd.id, iv.Hash); tx != nil {
				if err := rd.conn.out.put(tx); err != nil {
					return err
				}
				continue
			}
		}
		if iv.Type == wire.InvTypeMix && rd.conn.cfg.Mix != nil {
			if msg := rd.conn.cfg.Mix.Serve(rd.id, iv.Hash); msg != nil {
				if err := rd.conn.out.put(msg); err != nil {
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
	return rd.conn.out.put(missing)
}

// AnnounceTx announces a transaction to the peer.
func (c *Conn) AnnounceTx(hash chainhash.Hash) error {
	inv := wire.NewMsgInv()
	if err := inv.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &hash)); err != nil {
		return err
	}
	return c.put(inv)
}

// put queues a message. It ends the connection, and returns the cause, if that fails.
func (c *Conn) put(msg wire.Message) error {
	if !c.Live() {
		return c.cause
	}
	if err := c.out.put(msg); err != nil {
		c.End(err)
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

// AskMempool asks the peer to announce its mempool, once in mempoolPause.
func (c *Conn) AskMempool() error {
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
