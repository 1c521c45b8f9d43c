package dcrwallet

import (
	"bytes"
	"context"
	stderrors "errors"
	"fmt"

	"decred.org/dcrwallet/v5/errors"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/mixing"
	"github.com/decred/dcrd/mixing/mixpool"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// PublishMixMessages offers messages of mixing to all connected peers. The error says that there is
// none, or that the wallet does not mix, or that the Config has LowBandwidth.
func (s *Syncer) PublishMixMessages(ctx context.Context, msgs ...mixing.Message) error {
	const op errors.Op = "dcrwallet.PublishMixMessages"
	r, _, done, err := s.request(ctx)
	if err != nil {
		return errors.E(op, err)
	}
	defer done()
	for _, msg := range msgs {
		var refers []chainhash.Hash
		if ke, ok := msg.(*wire.MsgMixKeyExchange); ok && int(ke.Pos) < len(ke.SeenPRs) {
			refers = append(refers, ke.SeenPRs[ke.Pos]) // our own: those that have not seen it ask for it
		}
		if r.peers.OfferMix(msg.Hash(), msg, refers...) == 0 {
			return errors.E(op, errors.Protocol, "no connected peer takes messages of mixing")
		}
	}
	return nil
}

// mix gives the wallet the messages of mixing that peers send, until ctx ends.
func (r *session) mix(ctx context.Context) error {
	for {
		select {
		case <-r.peers.MixChanged(): // never, if the wallet does not mix
		case <-ctx.Done():
			return nil
		}
		for _, m := range r.peers.TakeMix() {
			r.acceptMix(m)
		}
	}
}

// acceptMix gives the wallet one message. It requests the pair request that the message belongs to,
// if the wallet misses that.
func (r *session) acceptMix(m p2p.MixMessage) {
	msg, err := decodeMix(m)
	if err == nil {
		err = r.wallet.AcceptMixMessage(msg)
	}
	var missing *mixpool.MissingOwnPRError
	switch {
	case stderrors.As(err, &missing):
		r.peers.AskMix(m.From, missing.MissingPR)
	case err != nil:
		r.cfg.Log.Debug("A message of mixing is not accepted", "command", m.Command, "hash", m.Hash, "peer", m.From, "err", err)
	}
}

// decodeMix decodes a message of mixing.
func decodeMix(m p2p.MixMessage) (mixing.Message, error) {
	msg := blankMix(m.Command)
	if msg == nil {
		return nil, fmt.Errorf("%q is no message of mixing", m.Command)
	}
	if err := msg.BtcDecode(bytes.NewReader(m.Raw), wire.MixVersion); err != nil {
		return nil, err
	}
	msg.WriteHash(blake256.NewHasher256())
	return msg, nil
}

// blankMix returns an empty message of a command, nil if there is none.
func blankMix(command string) mixing.Message {
	switch command {
	case wire.CmdMixPairReq:
		return new(wire.MsgMixPairReq)
	case wire.CmdMixKeyExchange:
		return new(wire.MsgMixKeyExchange)
	case wire.CmdMixCiphertexts:
		return new(wire.MsgMixCiphertexts)
	case wire.CmdMixSlotReserve:
		return new(wire.MsgMixSlotReserve)
	case wire.CmdMixDCNet:
		return new(wire.MsgMixDCNet)
	case wire.CmdMixConfirm:
		return new(wire.MsgMixConfirm)
	case wire.CmdMixFactoredPoly:
		return new(wire.MsgMixFactoredPoly)
	case wire.CmdMixSecrets:
		return new(wire.MsgMixSecrets)
	}
	return nil
}
