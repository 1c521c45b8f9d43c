package testnet

import (
	"context"
	"errors"

	"github.com/decred/dcrd/wire"
)

// Why a handshake fails.
var (
	errNoVersion = errors.New("the first message is not a version")
	errNoVerAck  = errors.New("the message after the version is not a verack")
	errOld       = errors.New("protocol version is too old")
	errSelf      = errors.New("connected to itself")
)

// handshake negotiates as the node that was dialled: the client's version, the
// node's own, the node's verack. From protocol version 12 on the client's
// verack must be its very next message; before, it may come at any time.
func (s *Session) handshake(ctx context.Context) error {
	s.pver = s.node.cfg.Protocol
	msg, err := s.next(negotiateTimeout)
	if err != nil {
		return err
	}
	client, ok := msg.(*wire.MsgVersion)
	switch {
	case !ok:
		return errNoVersion
	case client.ProtocolVersion < int32(wire.RemoveRejectVersion):
		return errOld
	case client.Nonce == s.nonce:
		return errSelf
	}
	s.client = client
	version := s.node.cfg.Behaviour.Version(ctx, s)
	if err := s.send(ctx, Encode(version, s.pver)); err != nil {
		return err
	}
	s.pver = min(s.pver, uint32(client.ProtocolVersion))
	if err := s.send(ctx, Encode(wire.NewMsgVerAck(), s.pver)); err != nil {
		return err
	}
	if s.pver >= wire.AddrV2Version {
		if msg, err = s.next(negotiateTimeout); err != nil {
			return err
		}
		if _, ok := msg.(*wire.MsgVerAck); !ok {
			return errNoVerAck
		}
		s.verAcked()
	}
	s.begin()
	return nil
}

// begin sends the requests that a node sends to every client, once.
func (s *Session) begin() {
	ask := wire.NewMsgGetInitState()
	ask.Types = []string{wire.InitStateTSpends}
	s.await(wire.CmdInitState)
	s.tell(Encode(ask, s.pver))
	s.ready.Store(true)
}

// verAcked records the client's verack.
func (s *Session) verAcked() {
	s.gotVerAck = true
	s.tell(Encode(wire.NewMsgSendHeaders(), s.pver))
}
