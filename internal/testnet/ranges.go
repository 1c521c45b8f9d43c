package testnet

import (
	"sync"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Headers returns the headers message with the headers from one height to
// another, both included. It is empty if they are the other way around.
func (c *Chain) Headers(from, to consensus.Height) Message {
	return c.ranged(wire.CmdHeaders, from, to, func(p *packed, i, j int) []byte {
		return p.headers[i*headerStride : j*headerStride]
	})
}

// CFilters returns the cfiltersv2 message with the filters from one height to
// another, both included.
func (c *Chain) CFilters(from, to consensus.Height) Message {
	return c.ranged(wire.CmdCFiltersV2, from, to, (*packed).entries)
}

// CFilter returns the cfilterv2 message with the filter of a height.
func (c *Chain) CFilter(h consensus.Height) Message {
	r, i := c.block(h)
	return Message{Command: wire.CmdCFilterV2, Payload: [][]byte{r.entries(i, i+1)}}
}

// ranged returns the message that has the number of blocks in a range and then the bytes that
// held returns for each run of them.
func (c *Chain) ranged(command string, from, to consensus.Height, held func(p *packed, i, j int) []byte) Message {
	m := Message{Command: command, Payload: [][]byte{appendVarint(nil, uint64(max(to-from+1, 0)))}}
	for h := from; h <= to; {
		p := c.parts[c.find(h)]
		i, j := int(h-p.first), int(min(to, p.last)-p.first)+1
		m.Payload = append(m.Payload, held(&p.packed, i, j))
		if h == from && to <= p.last {
			m.sum = p.sums.of(m, i, j)
		}
		h = p.last + 1
	}
	return m
}

// sums remembers the checksums of messages that were made from one run of
// blocks: hashing them costs more than sending them.
type sums struct{ known sync.Map }

// rangeKey identifies a message: its command and its blocks.
type rangeKey struct {
	command  string
	from, to int
}

// of returns the checksum of a message for blocks i to j−1 of the run.
func (s *sums) of(m Message, i, j int) *[checksumSize]byte {
	key := rangeKey{m.Command, i, j}
	if sum, ok := s.known.Load(key); ok {
		return sum.(*[checksumSize]byte)
	}
	sum := m.checksum()
	s.known.Store(key, &sum)
	return &sum
}

// Warm computes the checksums of the messages for a client that requests everything in order
// and in the largest pieces.
func (c *Chain) Warm() {
	for h := consensus.Height(1); h <= c.Height(); h += wire.MaxBlockHeadersPerMsg {
		c.Headers(h, min(h+wire.MaxBlockHeadersPerMsg-1, c.Height()))
	}
	for h := consensus.Height(1); h <= c.Height(); h += wire.MaxCFiltersV2PerBatch {
		c.CFilters(h, min(h+wire.MaxCFiltersV2PerBatch-1, c.Height()))
	}
}
