package peer

import "github.com/decred/dcrd/chaincfg/chainhash"

// Limits on what a peer announces and nobody has taken yet.
const (
	maxNews      = 64        // announcements
	maxNewsBytes = 512 << 10 // in all of them; holds one full headers message
	maxNewBlocks = 2000      // hashes in one announcement; more than a headers message can follow up
)

// news is one announcement: either the payload of a headers message or the
// hashes of blocks.
type news struct {
	headers []byte
	blocks  []chainhash.Hash
}

func (n news) size() int { return len(n.headers) + len(n.blocks)*chainhash.HashSize }

// mailbox holds the announcements of one peer, oldest first. Of too much the
// oldest goes. It is a plain value: the connection guards it.
type mailbox struct {
	items []news
	bytes int
}

// put adds an announcement.
func (m *mailbox) put(n news) {
	if extra := len(n.blocks) - maxNewBlocks; extra > 0 {
		n.blocks = n.blocks[extra:]
	}
	m.items = append(m.items, n)
	m.bytes += n.size()
	drop := 0
	for ; len(m.items)-drop > maxNews || m.bytes > maxNewsBytes; drop++ {
		m.bytes -= m.items[drop].size()
	}
	m.items = append(m.items[:0], m.items[drop:]...)
}

// take empties the mailbox.
func (m *mailbox) take() []news {
	items := m.items
	*m = mailbox{}
	return items
}
