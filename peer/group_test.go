package peer

import (
	"testing"

	"github.com/spvd/spvd/spv/p2p"
)

func TestGroupOfAPeer(t *testing.T) {
	p := &Pool{}
	for i, addr := range []string{"127.0.0.1:9108", "192.168.1.4:9108", "203.0.114.1:9108", "203.0.200.1:9108", "8.8.8.8:1"} {
		p.members = append(p.members, &member{id: p2p.PeerID(i + 1), addr: addr})
	}
	groups := make([]string, 7)
	for id := range groups {
		groups[id] = p.Group(p2p.PeerID(id))
	}
	if groups[0] != "" || groups[1] != "" || groups[2] != "" || groups[6] != "" {
		t.Errorf("no peer, or one that is not routed publicly, has a group: %q", groups)
	}
	if groups[3] == "" || groups[3] != groups[4] || groups[5] == groups[3] {
		t.Errorf("groups %q", groups)
	}
}
