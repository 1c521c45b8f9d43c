package mixrelay

import (
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// maxOffered is how many messages are served at most: a mix takes about ten from each participant.
const maxOffered = 500

// maxServed is how often one peer is sent a message: a node asks once.
const maxServed = 3

// offered are the messages that are served, and the peers that they were offered to.
type offered struct {
	msgs  map[chainhash.Hash]*offer
	order []chainhash.Hash // the oldest first
}

// offer is a message that is served to some peers.
type offer struct {
	msg wire.Message
	to  map[p2p.PeerID]int // how often it was served, by the ids of the peers
}

// admit has the message served to a peer, if it was not yet.
func (m *offer) admit(id p2p.PeerID) {
	if _, admitted := m.to[id]; !admitted {
		m.to[id] = 0
	}
}

func newOffered() offered { return offered{msgs: make(map[chainhash.Hash]*offer)} }

func (o *offered) has(hash chainhash.Hash) bool { return o.msgs[hash] != nil }

func (o *offered) left(id p2p.PeerID) {
	for _, m := range o.msgs {
		delete(m.to, id)
	}
}

// Offer has a message served to a peer from now on, and with it the earlier messages that it refers
// to, as far as they were offered to any peer. When there are too many messages, the oldest is no
// longer served.
func (r *Relay) Offer(id p2p.PeerID, hash chainhash.Hash, msg wire.Message, refers ...chainhash.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &r.offered
	if o.msgs[hash] == nil {
		o.msgs[hash] = &offer{msg: msg, to: make(map[p2p.PeerID]int)}
		o.order = append(o.order, hash)
		if len(o.order) > maxOffered {
			delete(o.msgs, o.order[0])
			o.order = o.order[1:]
		}
	}
	o.msgs[hash].admit(id)
	for _, earlier := range refers {
		if m := o.msgs[earlier]; m != nil {
			m.admit(id)
		}
	}
}

// Serve returns a message that a peer requests, or nil if it is not to be served.
func (r *Relay) Serve(id p2p.PeerID, hash chainhash.Hash) wire.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.offered.msgs[hash]
	if m == nil {
		return nil
	}
	if served, admitted := m.to[id]; !admitted || served >= maxServed {
		return nil
	}
	m.to[id]++
	return m.msg
}
