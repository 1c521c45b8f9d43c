package peer

import (
	"bytes"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// addrV2 returns the bytes of an addrv2 message with an address of each type, and one of an
// unknown type if so asked.
func addrV2(t testing.TB, unknown bool) []byte {
	at := time.Unix(1_700_000_000, 0)
	msg := wire.NewMsgAddrV2([]wire.NetAddressV2{
		wire.NewNetAddressV2(wire.IPv4Address, []byte{44, 1, 2, 3}, 9108, at, 1),
		wire.NewNetAddressV2(wire.IPv6Address, net.ParseIP("2a00:1450::1"), 9108, at, 1),
		wire.NewNetAddressV2(wire.TorV3Address, bytes.Repeat([]byte{7}, 32), 9108, at, 1),
	})
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.AddrV2Version); err != nil {
		t.Fatal(err)
	}
	if unknown {
		const typeOfFirst = 1 + 8 + 8
		buf.Bytes()[typeOfFirst] = 200
	}
	return buf.Bytes()
}

// TestAddressMessages checks that the addresses of addr and addrv2 messages are added to the
// book, and that an address of an unknown type is no fault.
func TestAddressMessages(t *testing.T) {
	v2 := peertest.Version()
	v2.ProtocolVersion = int32(wire.AddrV2Version)
	v1 := peertest.Version()
	v1.ProtocolVersion = int32(wire.BatchedCFiltersV2Version)
	old := wire.NewMsgAddr()
	old.AddAddress(wire.NewNetAddressIPPort(net.IPv4(44, 9, 9, 9), 9108, 1))
	for _, test := range []struct {
		name   string
		script func(*peertest.Node)
		want   int
	}{
		{"addr", func(n *peertest.Node) { n.WelcomeAs(v1); n.Send(old); n.Drain() }, 1},
		{"addrv2", func(n *peertest.Node) {
			n.WelcomeAs(v2)
			n.Raw(peertest.Frame(peertest.Params.Net, "addrv2", addrV2(t, false)))
			n.Drain()
		}, 3},
		{"unknown type", func(n *peertest.Node) {
			n.WelcomeAs(v2)
			n.Raw(peertest.Frame(peertest.Params.Net, "addrv2", addrV2(t, true)))
			n.Drain()
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(c *Config) { c.Onion = true }, []func(*peertest.Node){test.script}, func(t *testing.T, b *bench) {
				<-time.After(time.Second)
				synctest.Wait()
				b.only()
				if _, untested := b.book.Len(); untested != test.want {
					t.Errorf("%d addresses learned, want %d", untested, test.want)
				}
			})
		})
	}
}
