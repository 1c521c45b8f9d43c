package peer

import "github.com/decred/dcrd/chaincfg/chainhash"

// Limits on announcements of one peer that were not taken yet.
const (
	maxAnnouncements  = 64        // announcements
	maxAnnouncedBytes = 512 << 10 // in all of them; holds one full headers message
	maxNewBlocks      = 2000      // hashes in one announcement; one request cannot fetch more headers
)

// announcement is the payload of a headers message, or the hashes of blocks.
type announcement struct {
	headers []byte
	blocks  []chainhash.Hash
}

func (n announcement) size() int { return len(n.headers) + len(n.blocks)*chainhash.HashSize }

// announcements holds the announcements of one peer, oldest first. Above the limits the
// oldest is dropped. It is a plain value: the connection guards it.
type announcements struct {
	items []announcement
	bytes int
}

// put adds an announcement.
func (m *announcements) put(n announcement) {
	if extra := len(n.blocks) - maxNewBlocks; extra > 0 {
		n.blocks = n.blocks[extra:]
	}
	m.items = append(m.items, n)
	m.bytes += n.size()
	drop := 0
	for ; len(m.items)-drop > maxAnnouncements || m.bytes > maxAnnouncedBytes; drop++ {
		m.bytes -= m.items[drop].size()
	}
	m.items = append(m.items[:0], m.items[drop:]...)
}

// take removes and returns all announcements.
func (m *announcements) take() []announcement {
	items := m.items
	*m = announcements{}
	return items
}
