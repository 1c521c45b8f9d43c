package peer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// halfBlock is a block message that ends in the middle, which proves that its sender is
// broken.
type halfBlock struct{ *wire.MsgBlock }

func (m halfBlock) BtcEncode(w io.Writer, pver uint32) error {
	return errors.Join(m.Header.Serialize(w), func() error { _, err := w.Write([]byte{9}); return err }())
}

// spoiler is a node that sends broken blocks.
func spoiler(c *peertest.Chain) func(*peertest.Node) {
	return func(n *peertest.Node) {
		n.Welcome()
		for {
			msg, err := n.Read()
			if err != nil {
				return
			}
			if m, ok := msg.(*wire.MsgGetData); ok {
				n.Send(halfBlock{c.Blocks[c.Height(m.InvList[0].Hash)]})
			} else if answer := c.Answer(msg); answer != nil {
				n.Send(answer)
			}
		}
	}
}

// TestPortsOfOneHostAreOnePeer checks that of many nodes at one address, or in one /64
// network of IPv6, one is connected, and that its ban holds for the others: none of them is
// dialled.
func TestPortsOfOneHostAreOnePeer(t *testing.T) {
	for name, form := range map[string]string{"IPv4": "44.1.1.1:%d", "IPv6": "[2a00:1450:1:2::%x]:9108"} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, nil, func(t *testing.T, b *bench) {
				var addrs []string
				for i := range 64 {
					addrs = append(addrs, fmt.Sprintf(form, 9108+i))
					b.net.at(addrs[i], peertest.Good(peertest.NewChain(2)))
				}
				b.learn("9.9.9.9:1", addrs)
				b.learn("9.8.9.9:1", b.populate(2, peertest.Good(peertest.NewChain(2))))
				<-time.After(time.Hour)
				bad := b.Infos()[slices.IndexFunc(b.Infos(), func(i Info) bool { return slices.Contains(addrs, i.Addr) })]
				if n := len(b.Infos()); n != 3 {
					t.Errorf("%d peers, want one of the host and two others", n)
				}
				b.Accuse(bad.ID, errors.New("proof"))
				before := len(b.net.dialled())
				<-time.After(23 * time.Hour)
				if n := len(b.Infos()); n != 2 {
					t.Errorf("%d peers while one of three hosts is banned", n)
				}
				if n := len(b.net.dialled()) - before; n > 60 { // others are replaced now and then
					t.Errorf("%d dials in a day", n)
				}
				if bans := b.Bans(); len(bans) != 1 || bans[0].Peer != bad.Addr || bans[0].Addr != addrbook.HostOf(bad.Addr) {
					t.Errorf("bans %v", bans)
				}
				if err := b.Unban(bans0(b)); err != nil {
					t.Error(err)
				}
				<-time.After(time.Hour)
				if n := len(b.Infos()); n != 3 {
					t.Errorf("%d peers after the ban is lifted", n)
				}
			})
		})
	}
}

// bans0 returns the address of the first ban.
func bans0(b *bench) string { return b.Bans()[0].Addr }

// TestBlameStaysWithTheSender checks that of several peers that were sent the same request
// only the one that replied with a broken block is banned, however often it is connected, and
// that addresses which a banned peer announced are not held against their nodes.
func TestBlameStaysWithTheSender(t *testing.T) {
	chain := peertest.NewChain(5)
	tardy := peertest.Slow(chain, 1500*time.Millisecond) // so that all are asked
	run(t, nil, nil, func(t *testing.T, b *bench) {
		honest := b.populate(4, tardy)
		liar := "45.1.1.1:9108"
		b.net.at(liar, spoiler(chain))
		b.learn("9.9.9.9:1", append(honest, liar))
		b.book.Learn(liar, []addrbook.Announced{{Addr: "46.1.1.1:9108", Services: 1, Seen: time.Now()}})
		b.net.at("46.1.1.1:9108", tardy)
		<-time.After(time.Minute)
		for i := range 40 {
			b.Block(t.Context(), nil, chain.Hashes[1+i%4])
		}
		if bans := b.Bans(); len(bans) != 1 || bans[0].Peer != liar || bans[0].Reason != fault.Malformed {
			t.Errorf("bans %+v", bans)
		}
		<-time.After(time.Minute)
		if n := len(b.Infos()); n != 5 {
			t.Errorf("%d of five honest peers are connected", n)
		}
	})
}

// TestOneIsLeft checks that a pool continues with the only peer that is not banned, and asks
// seeders for more although its book is full of banned addresses.
func TestOneIsLeft(t *testing.T) {
	chain := peertest.NewChain(5)
	run(t, nil, nil, func(t *testing.T, b *bench) {
		addrs := b.populate(64, peertest.Good(chain))
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		for len(b.Bans()) < len(addrs)-1 {
			infos := b.Infos()
			if len(infos) == 0 {
				t.Fatalf("no peer is connected, with %d of %d banned", len(b.Bans()), len(addrs))
			}
			b.Accuse(infos[0].ID, errors.New("proof"))
			<-time.After(time.Minute)
		}
		if _, _, err := b.Block(t.Context(), nil, chain.Hashes[2]); err != nil {
			t.Errorf("the one that is left: %v", err)
		}
		<-time.After(12 * time.Hour)
		b.only()
		if len(b.Bans()) != len(addrs)-1 {
			t.Errorf("%d of %d are still banned", len(b.Bans()), len(addrs)-1)
		}
		if need := b.outbound.SeedNeed(b.cfg.Now()); !need.Missing || need.Dialable {
			t.Errorf("banned addresses keep the pool from asking seeders: %+v", need)
		}
	})
}

// TestPardon checks that a pool whose peers were all banned, as an attacker on the line to
// them can bring about, gives one after the other another chance, except those that the user
// has banned.
func TestPardon(t *testing.T) {
	for _, test := range []struct {
		name string
		tune func(*Config)
	}{
		{"connect", nil},
		{"book", func(c *Config) { c.Connect = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			chain := peertest.NewChain(5)
			run(t, test.tune, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
				if b.cfg.choosesOutbound() {
					b.learn("9.9.9.9:1", b.populate(3, peertest.Good(chain)))
				}
				<-time.After(time.Minute)
				infos := b.Infos()
				if len(infos) != 3 {
					t.Fatalf("%d peers", len(infos))
				}
				if err := b.Ban(infos[0].Addr, 10*time.Hour); err != nil {
					t.Fatal(err)
				}
				for _, i := range infos[1:] {
					b.Accuse(i.ID, errors.New("spoiled on the way"))
					<-time.After(time.Second)
				}
				synctest.Wait()
				if n := len(b.Infos()); n != 0 {
					t.Fatalf("%d peers in spite of bans", n)
				}
				<-time.After(misbehavior.PardonAfter / 2)
				if n := len(b.Infos()); n != 0 {
					t.Errorf("%d peers soon after the bans", n)
				}
				<-time.After(misbehavior.PardonAfter)
				if got := b.only(); got.Addr != infos[1].Addr {
					t.Errorf("%s is back, want the one banned first, %s", got.Addr, infos[1].Addr)
				}
				<-time.After(5 * misbehavior.PardonAfter)
				b.only() // with one there is no reason for more
				if _, _, err := b.CFilters(t.Context(), nil, chain.Hashes[1], chain.Hashes[2], 0); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
