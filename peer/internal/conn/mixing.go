package conn

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// handleMixInv requests announced messages of mixing. Without mixing it ignores them.
func (rd *reader) handleMixInv(hashes []chainhash.Hash) error {
	if len(hashes) == 0 || rd.conn.cfg.Mix == nil || !rd.conn.relayTx {
		return nil
	}
	return rd.conn.AskMix(rd.conn.cfg.Mix.Announced(rd.id, hashes, time.Now()))
}

// AskMix requests messages of mixing from the peer.
func (c *Conn) AskMix(hashes []chainhash.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	msg := wire.NewMsgGetDataSizeHint(uint(len(hashes)))
	for i := range hashes {
		if err := msg.AddInvVect(wire.NewInvVect(wire.InvTypeMix, &hashes[i])); err != nil {
			return err
		}
	}
	return c.out.put(msg)
}

// handleMix records a message of mixing. One that is too large was skipped; without mixing all are.
func (rd *reader) handleMix(f frame) {
	if f.payload == nil {
		return
	}
	if !rd.conn.cfg.Mix.Arrived(rd.id, p2p.MixMessage{Hash: f.shape.first, Command: f.cmd, Raw: f.payload}) {
		rd.on.Fault(fault.Unsolicited, fmt.Errorf("%s of mixing %s", f.cmd, f.shape.first))
		return
	}
	rd.throttle.refund(f.size)
}

// AnnounceMix announces messages of mixing to the peer.
func (c *Conn) AnnounceMix(hashes ...chainhash.Hash) error {
	inv := wire.NewMsgInv()
	for i := range hashes {
		if err := inv.AddInvVect(wire.NewInvVect(wire.InvTypeMix, &hashes[i])); err != nil {
			return err
		}
	}
	return c.put(inv)
}
