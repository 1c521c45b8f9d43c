package conn

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// Limits on announcements of one peer that were not taken yet.
const (
	maxAnnouncements  = 64        // announcements
	maxAnnouncedBytes = 512 << 10 // in all of them; holds one full headers message
	maxNewBlocks      = 2000      // hashes in one announcement; one request cannot fetch more headers
)

// sizeOf returns how many bytes an announcement holds.
func sizeOf(a p2p.Announcement) int { return len(a.Headers) + len(a.Blocks)*chainhash.HashSize }

// announcements holds the announcements of one peer, oldest first. Above the limits the
// oldest is dropped. It is a plain value: the connection guards it.
type announcements struct {
	items []p2p.Announcement
	bytes int
}

// put adds an announcement.
func (m *announcements) put(n p2p.Announcement) {
	if extra := len(n.Blocks) - maxNewBlocks; extra > 0 {
		n.Blocks = slices.Clone(n.Blocks[extra:]) // the others are not kept alive
	}
	m.items = append(m.items, n)
	m.bytes += sizeOf(n)
	drop := 0
	for ; len(m.items)-drop > maxAnnouncements || m.bytes > maxAnnouncedBytes; drop++ {
		m.bytes -= sizeOf(m.items[drop])
	}
	m.items = append(m.items[:0], m.items[drop:]...)
}

// take removes and returns all announcements.
func (m *announcements) take() []p2p.Announcement {
	items := m.items
	*m = announcements{}
	return items
}

// SendHeaders asks the peer to announce blocks by their headers, once.
func (c *Conn) SendHeaders() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() {
		return c.cause
	}
	if c.announcing {
		return nil
	}
	c.announcing = true
	if err := c.out.put(wire.NewMsgSendHeaders()); err != nil {
		c.End(err)
		return c.cause
	}
	return nil
}
