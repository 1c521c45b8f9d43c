package conn

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// handle processes one message. It runs on the reader and never waits. An error ends the
// connection.
func (rd *reader) handle(f frame) error {
	switch f.cmd {
	case "":
		rd.conn.unknown.Add(1)
	case wire.CmdHeaders:
		return rd.handleHeaders(f)
	case wire.CmdCFiltersV2:
		return rd.handleReply(GetCFilters, f)
	case wire.CmdCFilterV2:
		return rd.handleReply(GetCFilter, f)
	case wire.CmdBlock:
		return rd.handleReply(GetBlock, f)
	case wire.CmdTx:
		return rd.handleTx(f)
	default:
		if ruleOf([]byte(f.cmd)).handling == mixing {
			rd.handleMix(f)
			return nil
		}
		return rd.handleDecoded(f)
	}
	return nil
}

// handleDecoded is handle for the messages that are not kept raw. A message that this package
// does not use has no msg, and is ignored. So has one that was skipped because of its size.
func (rd *reader) handleDecoded(f frame) error {
	if f.over > 0 {
		rd.on.Fault(fault.Unsolicited, fmt.Errorf("%s of %d bytes", f.cmd, f.over))
		return nil
	}
	switch msg := f.msg.(type) {
	case *wire.MsgInv:
		return rd.handleInv(msg)
	case *wire.MsgNotFound:
		return rd.handleNotFound(msg)
	case *wire.MsgGetData:
		return rd.handleGetData(msg)
	case *wire.MsgGetInitState:
		return rd.handleGetInitState()
	case *wire.MsgAddr:
		rd.handleAddresses(announcedV1(msg))
	case *wire.MsgAddrV2:
		rd.handleAddresses(announcedV2(msg))
	case *wire.MsgPing:
		return rd.conn.out.put(wire.NewMsgPong(msg.Nonce))
	case *wire.MsgPong:
		rd.conn.mu.Lock()
		defer rd.conn.mu.Unlock()
		rd.conn.alive.ponged(msg.Nonce, time.Now())
	case *wire.MsgVersion, *wire.MsgVerAck:
		return fault.New(fault.BadHandshake, fmt.Errorf("second %s", f.cmd))
	}
	return nil
}

// meaning is how a headers message is understood.
type meaning uint8

const (
	answer      meaning = iota // the reply to a request
	unsolicited                // an announcement of new blocks
	emptiness                  // no headers, and no request
	intrusion                  // headers that answer no request and announce nothing
)

// handleHeaders completes the headers request that the message answers, or records the
// message as an announcement.
func (rd *reader) handleHeaders(f frame) error {
	grown := rd.conn.claims(f.shape.height)
	r, what := rd.sortHeaders(f)
	if what == answer {
		rd.replied(r, f.payload)
	}
	if what == unsolicited || grown {
		rd.on.Announced()
	}
	if what == intrusion {
		rd.on.Fault(fault.Unsolicited, fmt.Errorf("headers message with %d headers", f.shape.n))
	}
	if what == intrusion || what == unsolicited {
		return rd.unrequested(f)
	}
	return nil
}

// sortHeaders decides what a headers message means, and returns the request it answers. Once
// sendheaders was sent only the content tells replies and announcements apart: a reply
// connects to the locator it answers. Before that a node announces nothing by headers, so
// that a message that does not connect is still a reply, and the caller judges it.
func (rd *reader) sortHeaders(f frame) (*Request, meaning) {
	rd.conn.mu.Lock()
	defer rd.conn.mu.Unlock()
	r := rd.conn.table.take(GetHeaders, f.shape)
	if r == nil && !rd.conn.announcing {
		r = rd.conn.table.oldest(GetHeaders)
	}
	switch {
	case r != nil:
		return r, answer
	case !rd.conn.announcing:
		return nil, intrusion
	case f.shape.n == 0:
		return nil, emptiness
	}
	rd.conn.announcements.put(p2p.Announcement{From: rd.id, Headers: f.payload})
	return nil, unsolicited
}

// handleReply completes the request whose blocks the reply names.
func (rd *reader) handleReply(k Kind, f frame) error {
	r := rd.conn.take(k, f.shape)
	if r == nil {
		rd.on.Fault(fault.Unsolicited, fmt.Errorf("%s of %d from %v to %v", f.cmd, f.shape.n, f.shape.first, f.shape.last))
		return rd.unrequested(f)
	}
	rd.replied(r, f.payload)
	return nil
}

// replied completes a request that was removed from the table with its reply.
func (rd *reader) replied(r *Request, payload []byte) {
	late := r.abandoned
	r.complete(payload, nil)
	if late {
		rd.on.Late(r, payload)
	}
}

// unrequested counts a message as unsolicited that began like the reply to a request and was none.
func (rd *reader) unrequested(f frame) error {
	if !f.answers {
		return nil
	}
	return rd.unasked(f.size)
}

// handleNotFound completes the block requests for which the peer has no block, and records
// which transactions and messages of mixing the peer does not have.
func (rd *reader) handleNotFound(msg *wire.MsgNotFound) error {
	var txs, mixes []chainhash.Hash
	for _, iv := range msg.InvList {
		switch iv.Type {
		case wire.InvTypeTx:
			txs = append(txs, iv.Hash)
		case wire.InvTypeBlock:
			if r := rd.conn.take(GetBlock, shape{n: 1, first: iv.Hash, last: iv.Hash}); r != nil {
				r.complete(nil, &fault.Error{Reason: fault.NotFound, Peer: rd.conn.addr})
			}
		case wire.InvTypeMix:
			mixes = append(mixes, iv.Hash)
		}
	}
	if rd.conn.cfg.Mix != nil {
		rd.conn.cfg.Mix.Missing(rd.id, mixes)
	}
	return rd.conn.AskTxs(rd.conn.cfg.Txs.Missing(rd.id, txs))
}

// handleInv records announced blocks and requests announced transactions and messages of mixing.
func (rd *reader) handleInv(msg *wire.MsgInv) error {
	var blocks, txs, mixes []chainhash.Hash
	for _, iv := range msg.InvList {
		switch iv.Type {
		case wire.InvTypeBlock:
			blocks = append(blocks, iv.Hash)
		case wire.InvTypeTx:
			txs = append(txs, iv.Hash)
		case wire.InvTypeMix:
			mixes = append(mixes, iv.Hash)
		}
	}
	if len(blocks) > 0 {
		rd.announcedBlocks(blocks)
	}
	if err := rd.handleMixInv(mixes); err != nil {
		return err
	}
	return rd.handleTxInv(txs)
}

// announcedBlocks records announced blocks for the pool.
func (rd *reader) announcedBlocks(blocks []chainhash.Hash) {
	func() {
		rd.conn.mu.Lock()
		defer rd.conn.mu.Unlock()
		rd.conn.announcements.put(p2p.Announcement{From: rd.id, Blocks: blocks})
	}()
	rd.on.Announced()
}

// handleAddresses adds addresses that the peer announces to the book, as many as its quota
// allows.
func (rd *reader) handleAddresses(list []addrbook.Announced) {
	if n := rd.addrQuota.take(len(list), time.Now()); n > 0 {
		rd.on.Addresses(list[:n])
	}
}

// handleGetInitState answers the first getinitstate with an empty initstate. A
// dcrd node asks once, drops peers that do not answer, and bans those that
// answer again.
func (rd *reader) handleGetInitState() error {
	if rd.stateSent {
		return nil
	}
	rd.stateSent = true
	return rd.conn.out.put(wire.NewMsgInitState())
}
