package conn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
)

// The protocol versions that this package speaks. Version 11 brought batched filters, which
// make a sync fast; version 12 brought addrv2, and that verack directly follows version.
const (
	minVersion = wire.BatchedCFiltersV2Version
	maxVersion = wire.AddrV2Version
)

// maxEarly bounds the messages that a peer of version 11 may send between its
// version and its verack. A dcrd node sends a few requests there at most.
const maxEarly = 16

// noBlocks is the height we claim in the handshake: less than any chain has. A
// dcrd node 2.1.6 that has no better source picks the inbound peer with the
// greatest height of at least its own to sync from, whatever the services of that
// peer are, and drops it 10 seconds later.
const noBlocks = -1

// hello is our side of a handshake.
type hello struct {
	net     wire.CurrencyNet
	agent   string
	relayTx bool
	nonce   uint64
	ours    func(nonce uint64) bool // whether one of our own connections sent this nonce
	now     func() time.Time
}

// remote holds the claims of a peer about itself. No claim is a fact.
type remote struct {
	pver     uint32 // negotiated
	services wire.ServiceFlag
	agent    string
	height   uint32
	wantsTx  bool          // transactions may be announced to it
	offset   time.Duration // of the peer's clock from ours
	rtt      time.Duration // from our version to its version
	early    []frame       // messages that arrived before its verack
}

// shake performs the handshake of the side that dialled. If ctx ends first, shake closes the
// connection and returns.
func shake(ctx context.Context, nc net.Conn, frames *frameReader, h hello) (remote, error) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		nc.Close()
		close(closed)
	})
	r, err := exchange(nc, frames, h)
	if !stop() {
		<-closed
	}
	switch {
	case err == nil:
		return r, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return r, fault.New(fault.HandshakeTimeout, nil)
	case ctx.Err() != nil:
		return r, fault.New(fault.ClosedByUs, ctx.Err())
	}
	return r, err
}

// exchange sends version, awaits version and verack, and sends verack.
func exchange(nc net.Conn, frames *frameReader, h hello) (remote, error) {
	begin := h.now()
	if err := send(nc, h.version(), maxVersion, h.net); err != nil {
		return remote{}, err
	}
	f, err := frames.next()
	if err != nil {
		return remote{}, hungUp(err)
	}
	theirs, ok := f.msg.(*wire.MsgVersion)
	if !ok {
		return remote{}, fault.New(fault.BadHandshake, fmt.Errorf("%q before version", f.cmd))
	}
	r, err := h.judge(theirs)
	if err != nil {
		return remote{}, err
	}
	r.rtt = h.now().Sub(begin)
	frames.pver = r.pver
	if r.early, err = awaitVerAck(frames, r.pver); err != nil {
		return remote{}, err
	}
	return r, send(nc, &wire.MsgVerAck{}, r.pver, h.net)
}

// hungUp returns the error for a peer that closes the connection before its version: a dcrd
// node does so to a node of another network, to one that it has banned, and when it is full.
func hungUp(err error) error {
	if fault.Network(err) != fault.ClosedByPeer {
		return err
	}
	return fault.New(fault.ClosedByPeer, fmt.Errorf("no version came, as from a node of another network, or one that is full or bans us: %w", err))
}

// version returns our version message. Both addresses stay zero: a node that does not listen
// has none, and through a proxy the peer's own address would be the proxy's.
func (h *hello) version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: int32(maxVersion),
		Timestamp:       time.Unix(h.now().Unix(), 0),
		Nonce:           h.nonce,
		UserAgent:       h.agent,
		LastBlock:       noBlocks,
		DisableRelayTx:  !h.relayTx,
	}
}

// judge decides from its version message whether a peer is usable. It returns the peer's
// claims, or an error with the reason.
func (h *hello) judge(v *wire.MsgVersion) (remote, error) {
	switch {
	case h.ours(v.Nonce):
		return remote{}, fault.New(fault.SelfConnection, nil)
	case v.ProtocolVersion < int32(minVersion):
		return remote{}, fault.New(fault.OldVersion, fmt.Errorf("it speaks %d, at least %d is needed", v.ProtocolVersion, minVersion))
	case !v.HasService(wire.SFNodeNetwork):
		return remote{}, fault.New(fault.NotFullNode, fmt.Errorf("services %v", v.Services))
	}
	return remote{
		pver:     min(uint32(v.ProtocolVersion), maxVersion),
		services: v.Services,
		agent:    v.UserAgent,
		height:   uint32(max(v.LastBlock, 0)),
		wantsTx:  !v.DisableRelayTx,
		offset:   v.Timestamp.Sub(h.now().Truncate(time.Second)), // it is sent in seconds
	}, nil
}

// awaitVerAck reads up to the verack. At version 12 the verack must be the next message;
// before version 12 a node may send other messages first, which are returned.
func awaitVerAck(frames *frameReader, pver uint32) (early []frame, err error) {
	for {
		f, err := frames.next()
		switch {
		case err != nil:
			return nil, err
		case f.cmd == wire.CmdVerAck:
			return early, nil
		case f.cmd == wire.CmdVersion:
			return nil, fault.New(fault.BadHandshake, errors.New("second version"))
		case pver >= wire.AddrV2Version:
			return nil, fault.New(fault.BadHandshake, fmt.Errorf("%q before verack", f.cmd))
		case f.payload != nil:
			return nil, fault.New(fault.BadHandshake, fmt.Errorf("%q before verack, unasked", f.cmd))
		case len(early) == maxEarly:
			return nil, fault.New(fault.BadHandshake, errors.New("too many messages before verack"))
		}
		early = append(early, f)
	}
}

// send writes one message directly. It is for the handshake, when there is no other writer.
func send(nc net.Conn, msg wire.Message, pver uint32, network wire.CurrencyNet) error {
	var buf bytes.Buffer
	if err := wire.WriteMessage(&buf, msg, pver, network); err != nil {
		return err
	}
	_, err := nc.Write(buf.Bytes())
	return err
}
