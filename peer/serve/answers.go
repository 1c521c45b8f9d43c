package serve

import (
	"encoding/binary"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// headerStride is the size of a header in a message: a transaction count of zero follows it.
const headerStride = consensus.HeaderSize + 1

// handle answers one message. An error ends the session.
func (s *session) handle(req request) ([]*message, error) {
	switch req.cmd {
	case wire.CmdVersion:
		return nil, faultf("second version")
	case wire.CmdVerAck:
		if s.verAcked {
			return nil, faultf("second verack")
		}
		s.verAcked = true
	case wire.CmdPing:
		if len(req.payload) != 8 {
			return nil, faultf("ping of %d bytes", len(req.payload))
		}
		return one(newMessage(s.srv.cfg.Params.Net, wire.CmdPong, slices.Clone(req.payload)))
	case wire.CmdSendHeaders:
		s.wantsHeaders.Store(true)
	case wire.CmdGetHeaders:
		return s.headers(req.payload)
	case wire.CmdGetCFiltersV2:
		return s.filters(req.payload)
	case wire.CmdGetCFilterV2:
		return s.filter(req.payload)
	case wire.CmdGetInitState:
		return s.initState(req.payload)
	case wire.CmdGetData:
		return nil, s.getData(req.payload)
	case wire.CmdInv:
		return s.announced(req.payload)
	case wire.CmdTx:
		return nil, s.transaction(req.payload)
	case wire.CmdNotFound:
		return nil, s.notFound(req.payload)
	}
	return nil, nil
}

// one is an answer of one message.
func one(m *message) ([]*message, error) { return []*message{m}, nil }

// headers answers getheaders: with no header while the chain has less work than the network is
// known to have.
func (s *session) headers(payload []byte) ([]*message, error) {
	locator, stop, err := locatorOf(payload)
	if err != nil {
		return nil, err
	}
	net := s.srv.cfg.Params.Net
	chain, err := s.srv.cfg.Chain()
	if err != nil {
		return nil, nil
	}
	tip, enough := chain.Tip()
	if !enough {
		return one(newMessage(net, wire.CmdHeaders, []byte{0}))
	}
	m, err := s.readHeaders(chain, locator, stop, tip.Height)
	if err != nil {
		s.log.Debug("Headers not read", "err", err)
		return nil, nil
	}
	return one(m)
}

// readHeaders returns a headers message.
func (s *session) readHeaders(chain Chain, locator []chainhash.Hash, stop chainhash.Hash, tip consensus.Height) (*message, error) {
	const room = 3 // for the number, in the form of three bytes
	net, buffers := s.srv.cfg.Params.Net, &s.srv.headers
	var b []byte
	n, err := chain.HeadersAfter(locator, stop, wire.MaxBlockHeadersPerMsg, func(h *consensus.Header) {
		if b == nil {
			follow := max(1, min(wire.MaxBlockHeadersPerMsg, int(tip-h.Height())+1))
			b = append(buffers.get(room+follow*headerStride), make([]byte, room)...)
		}
		b = append(append(b, h[:]...), 0)
	})
	switch {
	case err != nil:
		buffers.put(b)
		return nil, err
	case n == 0:
		return newMessage(net, wire.CmdHeaders, []byte{0}), nil
	case n < 0xfd: // one byte for the number
		short := append([]byte{byte(n)}, b[room:]...)
		buffers.put(b)
		return newMessage(net, wire.CmdHeaders, short), nil
	}
	b[0] = 0xfd
	binary.LittleEndian.PutUint16(b[1:], uint16(n))
	b = buffers.fit(b)
	first, last := (*consensus.Header)(b[room:]), (*consensus.Header)(b[len(b)-headerStride:])
	key := span{wire.CmdHeaders, first.PrevBlock(), last.Hash()}
	m := sealed(net, wire.CmdHeaders, b, s.srv.sums.of(key, b))
	m.again = buffers
	return m, nil
}

// filters answers getcfsv2, as a full node does only if all that is asked for is there.
func (s *session) filters(payload []byte) ([]*message, error) {
	ends, err := hashesOf(wire.CmdGetCFiltersV2, payload, 2)
	if err != nil {
		return nil, err
	}
	buffers := &s.srv.filters
	b := append(buffers.get(max(s.sizeHint, 4<<10)), 0)
	n := s.readFilters(&b, ends[0], ends[1], wire.MaxCFiltersV2PerBatch)
	if n == 0 {
		buffers.put(b)
		return nil, nil
	}
	b[0] = byte(n)
	s.sizeHint = len(b) + len(b)/8
	b = buffers.fit(b)
	m := sealed(s.srv.cfg.Params.Net, wire.CmdCFiltersV2, b, s.srv.sums.of(span{wire.CmdCFiltersV2, ends[0], ends[1]}, b))
	m.again = buffers
	return one(m)
}

// filter answers getcfilterv2.
func (s *session) filter(payload []byte) ([]*message, error) {
	block, err := hashesOf(wire.CmdGetCFilterV2, payload, 1)
	if err != nil {
		return nil, err
	}
	var b []byte
	if s.readFilters(&b, block[0], block[0], 1) == 0 {
		return nil, nil
	}
	return one(newMessage(s.srv.cfg.Params.Net, wire.CmdCFilterV2, b))
}

// readFilters appends filters as they are sent, each with its block and an empty proof: a header
// commits to nothing but the filter (DCP0005). It returns their number, zero without an answer.
func (s *session) readFilters(b *[]byte, start, end chainhash.Hash, most int) (n int) {
	chain, err := s.srv.cfg.Chain()
	if err != nil {
		return 0
	}
	err = chain.FiltersBetween(start, end, most, func(block *chainhash.Hash, filter []byte) {
		*b = append(*b, block[:]...)
		*b = appendCount(*b, len(filter))
		*b = append(*b, filter...)
		*b = append(*b, 0, 0, 0, 0, 0) // index and number of hashes of the proof
		n++
	})
	if err != nil {
		s.log.Debug("Filters not served", "from", start, "to", end, "err", err)
		return 0
	}
	if h, err := chain.HeightOf(start); err == nil {
		s.needs(h)
	}
	return n
}

// initState answers getinitstate, which may be sent once: the newest block is what a miner would
// build on as far as the chain shows. Votes and treasury spends that wait for a block are not known
// here.
func (s *session) initState(payload []byte) ([]*message, error) {
	types, err := typesOf(payload)
	if err != nil {
		return nil, err
	}
	if s.gaveState {
		return nil, faultf("second getinitstate")
	}
	s.gaveState = true
	var blocks []chainhash.Hash
	if chain, err := s.srv.cfg.Chain(); err == nil && slices.Contains(types, wire.InitStateHeadBlocks) {
		tip, _ := chain.Tip()
		if int64(tip.Height) >= s.srv.cfg.Params.StakeValidationHeight-1 {
			blocks = append(blocks, tip.Hash)
		}
	}
	state, err := wire.NewMsgInitStateFilled(blocks, nil, nil)
	if err != nil {
		return nil, err
	}
	m, err := encode(s.srv.cfg.Params.Net, protocolVersion, state)
	if err != nil {
		return nil, err
	}
	return one(m)
}
