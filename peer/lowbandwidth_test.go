package peer

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// TestAddressesAreAskedForWhileFewAreKnown: with LowBandwidth enough addresses make peers not be
// asked for more, which takes 30 KB each time.
func TestAddressesAreAskedForWhileFewAreKnown(t *testing.T) {
	for _, low := range []bool{false, true} {
		p, err := New(Config{Params: chaincfg.TestNet3Params(), UserAgent: "/test:1/", Seeders: []string{}, LowBandwidth: low})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 8, true: 3}[low]; p.cfg.Outbound != want {
			t.Errorf("low %v: %d outbound connections, want %d", low, p.cfg.Outbound, want)
		}
		if !p.wantsAddresses() {
			t.Errorf("low %v: no addresses are asked for with an empty book", low)
		}
		for i := range 2 * enoughAddrs {
			from := fmt.Sprintf("44.%d.1.1:19108", i%200+1)
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{45, byte(i), byte(i >> 8), 1}), 19108)
			p.book.Learn(from, []addrbook.Announced{{Addr: at.String(), Services: 1, Seen: p.cfg.Now()}})
		}
		if tested, untested := p.book.Len(); tested+untested < enoughAddrs {
			t.Fatalf("the book has %d addresses", tested+untested)
		}
		if p.wantsAddresses() == low {
			t.Errorf("low %v: addresses are asked for: %v", low, !low)
		}
	}
}
