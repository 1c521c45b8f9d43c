package serve

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

const (
	// currentWithin is how many new blocks at once are announced. Of more the last one is:
	// then the chain was not current.
	currentWithin = 64

	// remembered is how many announced blocks are remembered, to find where a branch leaves
	// the chain.
	remembered = 128
)

// announcer knows which blocks were announced. It belongs to one goroutine.
type announcer struct {
	srv    *Server
	recent []chainhash.Hash // newest first
}

// announce announces each new tip to all clients, until ctx ends.
func (s *Server) announce(ctx context.Context) {
	a := announcer{srv: s}
	for {
		st, changed := s.state.get()
		if st.Open && st.Current {
			a.announceUpTo(st.Tip)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// announceUpTo announces the blocks after the last announced one, up to a tip. After a reorganisation that is the new branch.
func (a *announcer) announceUpTo(tip consensus.BlockID) {
	if len(a.recent) > 0 && a.recent[0] == tip.Hash {
		return
	}
	chain, err := a.srv.cfg.Chain()
	if err != nil {
		return
	}
	headers := a.since(chain, tip)
	if len(headers) == 0 {
		return // the chain has changed again, and so does the state
	}
	for i := range headers {
		a.recent = append([]chainhash.Hash{headers[i].Hash()}, a.recent...)
	}
	a.recent = a.recent[:min(len(a.recent), remembered)]
	a.srv.tell(headers)
}

// since returns the headers to announce, oldest first, at last that of the tip; none if the chain
// no longer has it.
func (a *announcer) since(chain Chain, tip consensus.BlockID) []consensus.Header {
	var list []consensus.Header
	add := func(h *consensus.Header) { list = append(list, *h) }
	if len(a.recent) > 0 {
		_, err := chain.HeadersAfter(a.recent, tip.Hash, currentWithin, add)
		if err == nil && len(list) > 0 && list[len(list)-1].Hash() == tip.Hash {
			return list
		}
		list = list[:0]
	}
	if _, err := chain.HeadersAfter(nil, tip.Hash, 1, add); err != nil {
		return nil
	}
	return list
}

// tell sends headers to all clients in the form that each has asked for. A client that does not
// read loses its connection.
func (s *Server) tell(headers []consensus.Header) {
	byHeaders := appendCount(nil, len(headers))
	var byHash []wire.InvVect
	for i := range headers {
		byHeaders = append(append(byHeaders, headers[i][:]...), 0)
		byHash = append(byHash, wire.InvVect{Type: wire.InvTypeBlock, Hash: headers[i].Hash()})
	}
	long := newMessage(s.cfg.Params.Net, wire.CmdHeaders, byHeaders)
	short := inventory(s.cfg.Params.Net, wire.CmdInv, byHash)
	for _, c := range s.snapshot() {
		if c.hello.Load() == nil {
			continue
		}
		m := short
		if c.wantsHeaders.Load() {
			m = long
		}
		c.endWith(c.out.add(m))
	}
}
