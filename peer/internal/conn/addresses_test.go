package conn

import (
	"bytes"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// TestQuota checks how many addresses one peer may announce.
func TestQuota(t *testing.T) {
	var q quota
	now := time.Unix(1_700_000_000, 0)
	for i, step := range []struct {
		after   time.Duration
		n, want int
	}{{0, 600, 600}, {0, 600, 400}, {0, 1, 0}, {announcedEvery - 1, 1, 0}, {1, 5, 1}, {1000 * announcedEvery, 2000, 1000}} {
		now = now.Add(step.after)
		if got := q.take(step.n, now); got != step.want {
			t.Errorf("step %d: %d taken, want %d", i, got, step.want)
		}
	}
}

// someAddrV2 returns the bytes of an addrv2 message with an address of each type, and one of an
// unknown type if so asked.
func someAddrV2(t testing.TB, unknown bool) []byte {
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

// FuzzAddresses checks that the book accepts no address of an addrv2 message that a dialler
// or the file would not accept.
func FuzzAddresses(f *testing.F) {
	f.Add(someAddrV2(f, false))
	f.Add(someAddrV2(f, true))
	f.Fuzz(func(t *testing.T, raw []byte) {
		msg := new(wire.MsgAddrV2)
		if msg.BtcDecode(bytes.NewReader(raw), wire.AddrV2Version) != nil {
			return
		}
		now := time.Unix(1_700_000_000, 0)
		b := addrbook.New(addrbook.Config{Onion: true, Port: 9108}, rand.New(rand.NewPCG(1, 1)))
		b.Learn("9.9.9.9:1", announcedV2(msg), now)
		for _, e := range b.Entries() {
			if again, err := addrbook.Parse(e.Addr, "1"); err != nil || again != e.Addr {
				t.Errorf("%q is %q to the dialler: %v", e.Addr, again, err)
			}
		}
	})
}
