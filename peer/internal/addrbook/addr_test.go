package addrbook

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestWhatIsLearned checks which addresses are accepted, and in which spelling.
func TestWhatIsLearned(t *testing.T) {
	onion := OnionName([32]byte{1, 2, 3})
	for addr, want := range map[string]string{
		"44.1.2.3:9108":            "44.1.2.3:9108",
		"44.1.2.3:09108":           "44.1.2.3:9108",
		"[::ffff:44.1.2.3]:9108":   "44.1.2.3:9108",
		"[2a00:1450:0::1]:9108":    "[2a00:1450::1]:9108",
		"[2A00:1450::1]:9108":      "[2a00:1450::1]:9108",
		onion + ":9108":            onion + ":9108",
		"A" + onion[1:] + ":9108":  onion + ":9108",
		"10.1.2.3:9108":            "",
		"127.0.0.1:9108":           "",
		"100.64.1.1:9108":          "",
		"224.0.0.1:9108":           "",
		"240.0.0.1:9108":           "",
		"255.255.255.255:9108":     "",
		"0.1.2.3:9108":             "",
		"192.0.2.1:9108":           "",
		"198.18.0.1:9108":          "",
		"[::1]:9108":               "",
		"[fe80::1]:9108":           "",
		"[fc00::1]:9108":           "",
		"[ff0e::1]:9108":           "",
		"[64:ff9b::10.0.0.1]:9108": "",
		"[64:ff9b::44.1.2.3]:9108": "",
		"[2002:a00:1::1]:9108":     "",
		"[2002:2c01:203::1]:9108":  "",
		"[2001::1]:9108":           "",
		"[2001:db8::1]:9108":       "",
		"[::ffff:10.0.0.1]:9108":   "",
		"[::ffff:0:44.1.2.3]:9108": "",
		"[2a00:1450::1%eth0]:9108": "",
		"44.1.2.3:0":               "",
		"44.1.2.3:65536":           "",
		"44.1.2.3":                 "",
		"example.org:9108":         "",
		"b" + onion[1:] + ":99":    "", // the checksum is that of another name
		"xyz.onion:9108":           "",
	} {
		b := newBook(1)
		n := b.Learn("9.9.9.9:9108", announce(start, addr), start)
		if n != oneIf(want != "") || want != "" && b.all[want] == nil {
			t.Errorf("%s: learned %d, want %q", addr, n, want)
		}
	}
	b := newBook(1)
	for _, a := range []Announced{{"44.1.2.3:9108", 1, start.Add(-MaxAge - 1)}, {"44.1.2.3:9108", 0, start}, {"44.1.2.3:9108", 2, start}} {
		if b.Learn("9.9.9.9:9108", []Announced{a}, start) != 0 {
			t.Errorf("%+v was learned", a)
		}
	}
	local := New(Config{Local: true}, rand.New(rand.NewPCG(1, 1)))
	if local.Learn("10.0.0.1:1", announce(start, "10.1.2.3:9108"), start) != 1 {
		t.Error("a book for local networks refuses a local address")
	}
	if local.Learn("10.0.0.1:1", announce(start, onion+":9108"), start) != 0 {
		t.Error("a book without Tor accepts an onion name")
	}
}

// TestHostAndGroup checks what counts as one host and as one network group.
func TestHostAndGroup(t *testing.T) {
	onion := OnionName([32]byte{1, 2, 3})
	for addr, want := range map[string][2]string{
		"44.1.2.3:9108":                {"44.1.2.3", "44.1.0.0"},
		"[::ffff:44.1.2.3]:1":          {"44.1.2.3", "44.1.0.0"},
		"[2a00:1450:1:2:3:4:5:6]:9108": {"2a00:1450:1:2::/64", "2a00:1450::"},
		"10.1.2.3:9108":                {"10.1.2.3:9108", "10.1.0.0"},
		"127.0.0.1:5":                  {"127.0.0.1:5", "127.0.0.0"},
		"Example.org:9108":             {"example.org", "name:example.org"},
		onion + ":9108":                {onion, "tor:" + onion[:1]},
		"seeder.example":               {"seeder.example", "seeder.example"},
	} {
		if got := [2]string{HostOf(addr), GroupOf(addr)}; got != want {
			t.Errorf("%s is of %q, want %q", addr, got, want)
		}
	}
}

// TestRoutable compares with the properties that package netip reports, over random
// addresses.
func TestRoutable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		ip := netip.AddrFrom4([4]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
		special := ip.IsPrivate() || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
		if special && Routable(ip) {
			t.Errorf("%v is routable", ip)
		}
		if mapped := netip.AddrFrom16(ip.As16()); Routable(mapped) != Routable(ip) {
			t.Errorf("%v and %v differ", mapped, ip)
		}
	}
	for _, ip := range []string{"1.1.1.1", "44.0.0.1", "223.255.255.1", "2a00::1", "2607:f8b0::1", "2400::1"} {
		if !Routable(netip.MustParseAddr(ip)) {
			t.Errorf("%s is not routable", ip)
		}
	}
}

// TestOnionName compares with a known service: the name of its key has its checksum.
func TestOnionName(t *testing.T) {
	// The Tor Project's site, as its documentation prints it.
	const name = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
	if !isOnionV3(name) {
		t.Errorf("%s is refused", name)
	}
	if isOnionV3("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wie.onion") || isOnionV3("onion") || isOnionV3(".onion") {
		t.Error("a wrong name is accepted")
	}
	for host, want := range map[string]bool{name: true, "x.ONION": true, "x.onion.": true, "onion": true, "onion.org": false, "": false} {
		if IsOnion(host) != want {
			t.Errorf("%q is in the domain of Tor services: %v", host, !want)
		}
	}
}
