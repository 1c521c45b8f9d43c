package peer

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/p2p"
)

// lateMixEvery is the period in which late messages of mixing are requested from other peers.
const lateMixEvery = time.Second

// MixChanged is poked (capacity one) when TakeMix may return something. Nil without Config.Mixing.
// It has one reader.
func (p *Pool) MixChanged() <-chan struct{} {
	if p.mix == nil {
		return nil
	}
	return p.mix.Changed()
}

// TakeMix removes and returns the messages of mixing that have arrived, oldest first. A message is
// delivered once, whichever peers announce it; at most 8 MiB wait, and what has no room is dropped.
func (p *Pool) TakeMix() []p2p.MixMessage {
	if p.mix == nil {
		return nil
	}
	return p.mix.Take()
}

// OfferMix announces a message of mixing to every peer, and serves it to those. The messages that it
// refers to are served to the same peers, as far as they were offered before. It returns the number
// of peers, which is zero without Config.Mixing. It does not wait for them.
func (p *Pool) OfferMix(hash chainhash.Hash, msg wire.Message, refers ...chainhash.Hash) (offered int) {
	if p.mix == nil {
		return 0
	}
	for _, m := range p.roster.Live() {
		p.mix.Offer(m.ID, hash, msg, refers...)
		if m.AnnounceMix(hash) == nil {
			offered++
		}
	}
	return offered
}

// AskMix requests a message of mixing from a peer that has sent one which refers to it. Nothing
// happens if the peer has left, or the message is requested already.
func (p *Pool) AskMix(id p2p.PeerID, hash chainhash.Hash) {
	if p.mix == nil {
		return
	}
	for _, m := range p.roster.Live() {
		if m.ID != id || !p.mix.Wanted(id, hash, time.Now()) {
			continue
		}
		if err := m.AskMix([]chainhash.Hash{hash}); err != nil {
			m.End(err)
		}
	}
}

// requestLateMix requests messages of mixing that peers did not send from other peers, until ctx ends.
func (p *Pool) requestLateMix(ctx context.Context) {
	for wait.For(ctx, lateMixEvery) == nil {
		ask := p.mix.Chase(time.Now())
		for _, m := range p.roster.Live() {
			if err := m.AskMix(ask[m.ID]); err != nil {
				m.End(err)
			}
		}
	}
}
