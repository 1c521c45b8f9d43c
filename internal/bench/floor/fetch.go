package floor

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// span is a range of headers that is downloaded one message after the other.
type span struct {
	until    consensus.BlockID // its last block; zero in the last range
	next     chainhash.Hash    // what the next message follows
	conn     *conn
	messages []headers // those that came; not filled in until they are proven
	done     int       // messages appended
}

// chunk is the filters of a message.
type chunk struct {
	n     int
	bytes []byte
}

// plan cuts the chain into ranges.
func (f *floor) plan() {
	next := f.Params.ChainParams.GenesisHash
	for _, point := range f.Waypoints {
		f.spans = append(f.spans, &span{until: point, next: next})
		next = point.Hash
	}
	f.spans = append(f.spans, &span{next: next})
	f.idle = f.spans
}

// ask fills the windows of the connections.
func (f *floor) ask() error {
	for len(f.idle) > 0 && len(f.waiting) < perConn*len(f.conns) {
		s := f.idle[0]
		f.idle, s.conn = f.idle[1:], f.conns[(len(f.spans)-len(f.idle))%len(f.conns)]
		if err := f.askHeaders(s); err != nil {
			return err
		}
	}
	for {
		c := f.conns[0]
		for _, o := range f.conns {
			if o.flying < c.flying {
				c = o
			}
		}
		n := min(len(f.hashes)-f.asked, chunkSize)
		if c.flying == window || n == 0 || n < chunkSize && len(f.hashes) < int(f.Tip) {
			return nil
		}
		start, end := f.hashes[f.asked], f.hashes[f.asked+n-1]
		f.starts[start] = f.asked
		f.asked += n
		c.flying++
		if err := c.send(wire.NewMsgGetCFsV2(&start, &end)); err != nil {
			return err
		}
	}
}

// askHeaders asks for the next headers of a range.
func (f *floor) askHeaders(s *span) error {
	f.waiting[s.next] = s
	m := wire.NewMsgGetHeaders()
	m.ProtocolVersion, m.HashStop = uint32(pver), s.until.Hash
	if err := m.AddBlockLocatorHash(&s.next); err != nil {
		return err
	}
	return s.conn.send(m)
}

// gotHeaders asks for the next headers of a range while these are proven.
func (f *floor) gotHeaders(payload []byte) error {
	n, raw, err := count(payload)
	if err != nil || n == 0 || len(raw) != n*headerStride {
		return fmt.Errorf("headers message of %d headers and %d bytes: %w", n, len(raw), err)
	}
	parent := (*consensus.Header)(raw).PrevBlock()
	s := f.waiting[parent]
	if s == nil {
		return fmt.Errorf("headers after %v, which were not asked for", parent)
	}
	delete(f.waiting, parent)
	last := (*consensus.Header)(raw[len(raw)-headerStride:])
	s.next = last.Hash()
	number := len(s.messages)
	s.messages = append(s.messages, headers{})
	if last.Height() != f.Tip && last.Height() != s.until.Height {
		if err := f.askHeaders(s); err != nil {
			return err
		}
	}
	f.jobs <- func() event {
		proven, err := proveHeaders(parent, raw)
		return func() error {
			if err != nil {
				return err
			}
			s.messages[number] = proven
			return f.appendHeaders()
		}
	}
	return nil
}

// appendHeaders appends what has been proven, in order.
func (f *floor) appendHeaders() error {
	for len(f.spans) > 0 {
		s := f.spans[0]
		for ; s.done < len(s.messages) && s.messages[s.done].raw != nil; s.done++ {
			m := &s.messages[s.done]
			for i := range m.hashes {
				h := (*consensus.Header)(m.raw[i*headerStride:])
				f.roots = append(f.roots, h.StakeRoot())
				if _, err := f.headerFile.Write(h[:]); err != nil {
					return err
				}
			}
			f.hashes = append(f.hashes, m.hashes...)
			*m = headers{}
		}
		if s.until.Height == 0 || len(f.hashes) < int(s.until.Height) {
			return nil
		}
		if f.hashes[s.until.Height-1] != s.until.Hash {
			return fmt.Errorf("waypoint %d is another block", s.until.Height)
		}
		f.spans = f.spans[1:]
	}
	return nil
}

// gotFilters proves filters.
func (f *floor) gotFilters(c *conn, payload []byte) error {
	c.flying--
	n, rest, err := count(payload)
	if err != nil || len(rest) < chainhash.HashSize {
		return fmt.Errorf("filters message of %d filters: %w", n, err)
	}
	first, ok := f.starts[chainhash.Hash(rest[:chainhash.HashSize])]
	if !ok || first+n > f.asked {
		return fmt.Errorf("%d filters that were not asked for", n)
	}
	delete(f.starts, chainhash.Hash(rest[:chainhash.HashSize]))
	roots := f.roots[first : first+n]
	f.jobs <- func() event {
		filters, err := proveFilters(roots, payload)
		return func() error {
			if err != nil {
				return err
			}
			f.filters[first] = chunk{n, filters}
			return f.appendFilters()
		}
	}
	return nil
}

// appendFilters appends what has been proven, in order.
func (f *floor) appendFilters() error {
	for {
		c, ok := f.filters[f.appended]
		if !ok {
			return nil
		}
		delete(f.filters, f.appended)
		f.appended += c.n
		if _, err := f.filterFile.Write(c.bytes); err != nil {
			return err
		}
	}
}
