package peer

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// TestMailbox checks the bounds, and that the oldest announcement is dropped first.
func TestMailbox(t *testing.T) {
	var m announcements
	for i := range 2 * maxAnnouncements {
		m.put(announcement{blocks: []chainhash.Hash{{byte(i)}}})
	}
	if got := m.take(); len(got) != maxAnnouncements || got[0].blocks[0] != (chainhash.Hash{maxAnnouncements}) {
		t.Errorf("%d announcements, first %v", len(got), got[0])
	}
	for range 3 {
		m.put(announcement{headers: make([]byte, maxAnnouncedBytes/2)})
	}
	if got := m.take(); len(got) != 2 {
		t.Errorf("%d large announcements", len(got))
	}
	blocks := make([]chainhash.Hash, maxNewBlocks+1)
	blocks[maxNewBlocks] = chainhash.Hash{1}
	m.put(announcement{blocks: blocks})
	if got := m.take(); len(got[0].blocks) != maxNewBlocks || got[0].blocks[maxNewBlocks-1] != (chainhash.Hash{1}) {
		t.Errorf("%d blocks in an announcement", len(got[0].blocks))
	}
	if m.bytes != 0 || len(m.take()) != 0 {
		t.Errorf("%d bytes in an empty mailbox", m.bytes)
	}
}
