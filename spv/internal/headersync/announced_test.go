package headersync

import "testing"

// TestAnnouncementsAreBounded checks which ones are dropped.
func TestAnnouncementsAreBounded(t *testing.T) {
	var a announcements
	for i := range 3 * maxAnnounced {
		a.add([]byte{byte(i)})
	}
	list := a.take()
	if len(list) != maxAnnounced || list[0][0] != 2*maxAnnounced || len(a.take()) != 0 {
		t.Errorf("%d of %d messages are left, the first is number %d", len(list), 3*maxAnnounced, list[0][0])
	}
	for range 10 {
		a.add(make([]byte, maxAnnouncedBytes/4))
	}
	if list := a.take(); len(list) != 4 {
		t.Errorf("%d messages of a quarter of the bytes are left, want 4", len(list))
	}
	a.add(make([]byte, 2*maxAnnouncedBytes))
	if list := a.take(); len(list) != 1 {
		t.Errorf("a large message was dropped")
	}
}
