package peer

import (
	"errors"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// establishedAfter is how long a connection has to live before another one is closed in its favour:
// by then the peer has shown its tip.
const establishedAfter = 10 * time.Second

// tenure is a connection as its renewal sees it.
type tenure struct {
	id      p2p.PeerID
	since   time.Time
	relayTx bool // the peer was asked to announce transactions
	spare   bool // the connection exists only while another one to this peer is replaced
}

// renew decides about connections that were made before transactions were wanted, because
// only a handshake can ask the peer to announce them. It returns the id of one to end, or of
// one whose peer is to be connected to a second time first, because there is no other peer.
// Zero is none. It is called repeatedly until nothing is left to do.
func renew(now time.Time, list []tenure) (end, double p2p.PeerID) {
	var stale, spare p2p.PeerID
	established, lasting, fresh := false, false, false
	for _, t := range list {
		old := now.Sub(t.since) >= establishedAfter
		switch {
		case !t.relayTx && stale == 0:
			stale = t.id
		case t.relayTx:
			fresh = true
			established = established || old
			lasting = lasting || old && !t.spare
			if t.spare {
				spare = t.id
			}
		}
	}
	switch {
	case stale != 0 && established:
		return stale, 0
	case stale != 0 && !fresh:
		return 0, stale
	case stale == 0 && lasting:
		return spare, 0
	}
	return 0, 0
}

// renewOne does the next step towards connections whose peers announce transactions, if there
// is one.
func (p *Pool) renewOne() {
	if !p.relay.AsksPeers() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []tenure
	for _, m := range p.members {
		if m.Live() {
			list = append(list, tenure{id: m.id, since: m.since, relayTx: m.TellsTx(), spare: m.role == Renewal})
		}
	}
	end, double := renew(p.cfg.Now(), list)
	if m := p.memberLocked(end); m != nil {
		m.End(fault.New(fault.ClosedByUs, errors.New("transactions are wanted from now on")))
	}
	m := p.memberLocked(double)
	if s := p.current; m != nil && s != nil {
		s.wg.Go(func() {
			_, _ = p.session(s.ctx, m.addr, Renewal, nil, func() {}) // session logs its result
		})
	}
}
