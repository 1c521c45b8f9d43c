package testnet

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/decred/dcrd/wire"
)

// Why a client is dropped without a ban.
var (
	errVersionAgain = errors.New("second version")
	errVerAckAgain  = errors.New("second verack")
	errTooMuchAsked = errors.New("too much asked for at a time")
)

// handle processes one message. Its error ends the session.
func (s *Session) handle(msg wire.Message) error {
	s.received(msg.Command())
	switch m := msg.(type) {
	case *wire.MsgVersion:
		return errVersionAgain
	case *wire.MsgVerAck:
		if s.gotVerAck {
			return errVerAckAgain
		}
		s.verAcked()
	case *wire.MsgPing:
		s.tell(Encode(wire.NewMsgPong(m.Nonce), s.pver))
	case *wire.MsgSendHeaders:
		s.wantsHeaders.Store(true)
	case *wire.MsgGetHeaders:
		s.tell(s.node.cfg.Behaviour.Headers(s, m.BlockLocatorHashes, &m.HashStop)...)
	case *wire.MsgGetCFsV2:
		s.tell(s.node.cfg.Behaviour.CFilters(s, &m.StartHash, &m.EndHash)...)
	case *wire.MsgGetCFilterV2:
		if c, h, ok := s.node.find(&m.BlockHash); ok {
			s.tell(c.CFilter(h))
		}
	case *wire.MsgGetData:
		return s.handleGetData(m)
	case *wire.MsgInv:
		return s.handleInv(m)
	case *wire.MsgTx:
		s.node.AddTx(m)
	case *wire.MsgMemPool:
		return s.handleMemPool()
	case *wire.MsgInitState:
		return s.once(&s.gotInitState, "second initstate")
	case *wire.MsgGetInitState:
		if err := s.once(&s.gaveInitState, "second getinitstate"); err != nil {
			return err
		}
		s.tell(Encode(wire.NewMsgInitState(), s.pver))
	case *wire.MsgGetAddr:
		s.handleGetAddr()
	default:
		return s.handleOdd(msg)
	}
	return nil
}

// handleOdd processes messages that a light client has no reason to send. Some are harmless.
func (s *Session) handleOdd(msg wire.Message) error {
	switch m := msg.(type) {
	//lint:ignore SA1019 a node still knows, and punishes, what is retired
	case *wire.MsgGetMiningState, *wire.MsgGetCFilter, *wire.MsgGetCFHeaders, *wire.MsgGetCFTypes:
		return s.node.ban(s.host, "sent "+msg.Command())
	case *wire.MsgAddr:
		if len(m.AddrList) == 0 {
			return s.node.ban(s.host, "sent an empty addr")
		}
	case *wire.MsgAddrV2:
		if len(m.AddrList) == 0 {
			return s.node.ban(s.host, "sent an empty addrv2")
		}
	}
	return nil
}

// once bans a client that repeats a message that is allowed once.
func (s *Session) once(done *bool, again string) error {
	if *done {
		return s.node.ban(s.host, again)
	}
	*done = true
	return nil
}

// scored adds to the score of the client.
func (s *Session) scored(points float64, what string) error {
	if s.score.add(points, time.Now()) {
		return s.node.ban(s.host, "too much "+what)
	}
	return nil
}

// handleGetAddr sends addresses once, and never on the simulation network.
func (s *Session) handleGetAddr() {
	if s.gaveAddrs || s.node.params.ChainParams.Net == wire.SimNet || len(s.node.cfg.Addrs) == 0 {
		return
	}
	s.gaveAddrs = true
	now := time.Now()
	if s.pver < wire.AddrV2Version {
		m := wire.NewMsgAddr()
		for _, a := range s.node.cfg.Addrs {
			m.AddrList = append(m.AddrList, wire.NewNetAddressTimestamp(now, wire.SFNodeNetwork, a.IP, uint16(a.Port)))
		}
		s.tell(Encode(m, s.pver))
		return
	}
	var known []wire.NetAddressV2
	for _, a := range s.node.cfg.Addrs {
		known = append(known, addrV2(now, a))
	}
	s.tell(Encode(wire.NewMsgAddrV2(known), s.pver))
}

// addrV2 returns an address in the form of addrv2.
func addrV2(now time.Time, a net.TCPAddr) wire.NetAddressV2 {
	kind, ip := wire.IPv6Address, []byte(a.IP.To16())
	if v4 := a.IP.To4(); v4 != nil {
		kind, ip = wire.IPv4Address, v4
	}
	return wire.NewNetAddressV2(kind, ip, uint16(a.Port), now, wire.SFNodeNetwork)
}

// await records that the client has to send a message.
func (s *Session) await(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited[command] = time.Now().Add(answerTimeout)
}

// received records that the client has sent a message.
func (s *Session) received(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch command {
	case wire.CmdTx, wire.CmdNotFound:
		delete(s.awaited, wire.CmdTx) // either answers getdata
	default:
		delete(s.awaited, command)
	}
}

// overdue returns an error if the client did not send an awaited message in time.
func (s *Session) overdue(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for command, until := range s.awaited {
		if now.After(until) {
			return fmt.Errorf("no %s came in time", command)
		}
	}
	return nil
}
