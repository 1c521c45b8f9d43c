package conn

import (
	"runtime"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// TestAnnouncementsAreBounded checks the bounds, and that the oldest announcement is dropped first.
func TestAnnouncementsAreBounded(t *testing.T) {
	var m announcements
	for i := range 2 * maxAnnouncements {
		m.put(p2p.Announcement{Blocks: []chainhash.Hash{{byte(i)}}})
	}
	if got := m.take(); len(got) != maxAnnouncements || got[0].Blocks[0] != (chainhash.Hash{maxAnnouncements}) {
		t.Errorf("%d announcements, first %v", len(got), got[0])
	}
	for range 3 {
		m.put(p2p.Announcement{Headers: make([]byte, maxAnnouncedBytes/2)})
	}
	if got := m.take(); len(got) != 2 {
		t.Errorf("%d large announcements", len(got))
	}
	blocks := make([]chainhash.Hash, maxNewBlocks+1)
	blocks[maxNewBlocks] = chainhash.Hash{1}
	m.put(p2p.Announcement{Blocks: blocks})
	if got := m.take(); len(got[0].Blocks) != maxNewBlocks || got[0].Blocks[maxNewBlocks-1] != (chainhash.Hash{1}) {
		t.Errorf("%d blocks in an announcement", len(got[0].Blocks))
	}
	if m.bytes != 0 || len(m.take()) != 0 {
		t.Errorf("%d bytes in an empty value", m.bytes)
	}
}

// TestHashesOfALongAnnouncementAreReleased: of announcements of as many blocks as a message
// holds only the hashes that count are kept alive.
func TestHashesOfALongAnnouncementAreReleased(t *testing.T) {
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var a announcements
	before := held()
	for range maxAnnouncements {
		a.put(p2p.Announcement{Blocks: make([]chainhash.Hash, wire.MaxInvPerMsg)})
	}
	if more := int64(held() - before); more > 2*maxAnnouncedBytes {
		t.Errorf("%d bytes are held, %d are counted", more, a.bytes)
	}
	runtime.KeepAlive(&a)
}
