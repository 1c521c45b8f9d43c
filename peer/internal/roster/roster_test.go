package roster

import (
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// TestDeparted checks that the addresses of the last connections are remembered.
func TestDeparted(t *testing.T) {
	var d departed
	for i := range p2p.PeerID(1000) {
		d.add(i+1, "a:"+string(rune('0'+i%10)))
	}
	if addr, ok := d.addr(1000); !ok || addr != "a:9" {
		t.Errorf("last: %q, %v", addr, ok)
	}
	for _, id := range []p2p.PeerID{0, 1, 1001} {
		if addr, ok := d.addr(id); ok {
			t.Errorf("id %d: %q", id, addr)
		}
	}
}

// TestMachine checks the machine that is derived from an address.
func TestMachine(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.7:9108":                "203.0.113.7",
		"[::ffff:203.0.113.7]:9108":       "203.0.113.7",
		"[2001:db8:1:2:3:4:5:6]:9108":     "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:9109":     "2001:db8:1:2::/64",
		"[fe80::1%eth0]:9108":             "fe80::/64",
		"node.example.org:9108":           "node.example.org",
		"abcdefghijklmnop.onion:19108":    "abcdefghijklmnop.onion",
		"what has no port is named whole": "what has no port is named whole",
	} {
		if got := machine(addr); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

// TestGroup checks that only peers that are routed publicly have a network group.
func TestGroup(t *testing.T) {
	var groups []string
	for _, addr := range []string{"127.0.0.1:9108", "192.168.1.4:9108", "203.0.114.1:9108", "203.0.200.1:9108", "8.8.8.8:1"} {
		groups = append(groups, NewPeer(nil, addr, Outbound, time.Time{}).Group())
	}
	if groups[0] != "" || groups[1] != "" {
		t.Errorf("a peer that is not routed publicly has a group: %q", groups)
	}
	if groups[2] == "" || groups[2] != groups[3] || groups[4] == groups[2] {
		t.Errorf("groups %q", groups)
	}
}

// TestCredit checks what is news for a peer and for all, and that peers fall back when a chain with
// fewer blocks is the best.
func TestCredit(t *testing.T) {
	var r Roster
	for range 2 {
		r.Join(NewPeer(nil, "44.1.1.1:1", Outbound, time.Time{}), func() {})
	}
	for i, step := range []struct {
		id          p2p.PeerID
		height      uint32
		news, first bool
		top         uint32
	}{
		{1, 10, true, true, 10},
		{1, 10, false, false, 10},
		{2, 10, true, false, 10},
		{2, 12, true, true, 12},
		{3, 13, false, false, 12}, // there is no such peer
		{1, 11, true, true, 11},   // a branch of fewer blocks
		{2, 11, true, false, 11},
	} {
		news, first := r.Credit(step.id, step.height)
		if top, _ := r.Top(); news != step.news || first != step.first || top != step.top {
			t.Errorf("step %d: news %v, first %v, top %d", i, news, first, top)
		}
	}
}

// TestJoin checks that ids rise and are not used again, and that joined has returned before a peer
// can be found.
func TestJoin(t *testing.T) {
	var r Roster
	for id := p2p.PeerID(1); id <= 3; id++ {
		p := NewPeer(nil, "44.1.1.1:1", Outbound, time.Time{})
		r.Join(p, func() {
			if p.ID != id || len(r.peers) != 0 {
				t.Errorf("peer %d is listed before it has joined: %v", p.ID, r.peers)
			}
		})
		if r.Get(id) != p || r.Empty() || len(r.All()) != 1 {
			t.Errorf("peer %d is not listed: %v", id, r.All())
		}
		r.Leave(p)
		if addr, ok := r.Addr(id); r.Get(id) != nil || !r.Empty() || !ok || addr != p.Addr {
			t.Errorf("peer %d has left and is at %q, %v", id, addr, ok)
		}
	}
}
