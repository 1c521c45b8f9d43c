package serve

import (
	"time"

	"github.com/decred/dcrd/wire"
)

// The protocol versions that are spoken. Version 11 has batched filters; what later ones add
// concerns addresses, which are not gossiped. Older ones than minVersion no full node accepts.
const (
	protocolVersion = wire.BatchedCFiltersV2Version
	minVersion      = wire.RemoveRejectVersion
)

// hello is what a client says about itself in its handshake.
type hello struct {
	version uint32 // of the protocol that is spoken with it
	agent   string
}

// handshake reads the version of the client and answers with ours and a verack, as the side that
// was dialled. The verack of the client may come at any time after that.
func (s *session) handshake() (hello, error) {
	s.readWithin(handshakeTime)
	req, err := s.frames.next()
	if err != nil {
		return hello{}, err
	}
	if req.cmd != wire.CmdVersion {
		return hello{}, faultf("%.12q before version", req.cmd)
	}
	theirs, err := parseVersion(req.payload)
	switch {
	case err != nil:
		return hello{}, err
	case s.srv.cfg.Ours(theirs.Nonce):
		return hello{}, faultf("it is this program")
	case theirs.ProtocolVersion < int32(minVersion):
		return hello{}, faultf("it speaks version %d, at least %d is needed", theirs.ProtocolVersion, minVersion)
	}
	got := hello{version: min(uint32(theirs.ProtocolVersion), protocolVersion), agent: theirs.UserAgent}
	chain, err := s.srv.cfg.Chain()
	if err != nil {
		return hello{}, err
	}
	tip, _ := chain.Tip()
	for _, msg := range []wire.Message{s.srv.version(int32(tip.Height)), wire.NewMsgVerAck()} {
		m, err := encode(s.srv.cfg.Params.Net, got.version, msg)
		if err != nil {
			return hello{}, err
		}
		if err := s.out.add(m); err != nil {
			return hello{}, err
		}
	}
	return got, nil
}

// version makes our version message. It names no address: clients learn from the user of the server
// where it listens.
func (s *Server) version(height int32) *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: int32(protocolVersion),
		Services:        wire.SFNodeNetwork,
		Timestamp:       time.Unix(s.cfg.Now().Unix(), 0),
		Nonce:           newNonce(),
		UserAgent:       s.cfg.UserAgent,
		LastBlock:       height,
	}
}
