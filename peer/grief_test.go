package peer

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// halfBlock is a block message that ends in the middle: proof that its sender is
// broken.
type halfBlock struct{ *wire.MsgBlock }

func (m halfBlock) BtcEncode(w io.Writer, pver uint32) error {
	return errors.Join(m.Header.Serialize(w), func() error { _, err := w.Write([]byte{9}); return err }())
}

// spoiler is a node that sends broken blocks.
func spoiler(c *testChain) func(*node) {
	return func(n *node) {
		n.welcome()
		for {
			msg, err := n.read()
			if err != nil {
				return
			}
			if m, ok := msg.(*wire.MsgGetData); ok {
				n.send(halfBlock{c.blocks[c.height(m.InvList[0].Hash)]})
			} else if answer := c.answer(msg); answer != nil {
				n.send(answer)
			}
		}
	}
}

// TestABanHitsOneAddress checks that nodes that share an address, as behind one
// router, are not banned for each other's faults.
func TestABanHitsOneAddress(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		var addrs []string
		for i := range 8 {
			addrs = append(addrs, fmt.Sprintf("44.1.1.1:%d", 9108+i))
			b.net.at(addrs[i], good(newTestChain(2)))
		}
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		bad := b.Infos()[0]
		b.Accuse(bad.ID, errors.New("proof"))
		<-time.After(time.Hour)
		if n := len(b.Infos()); n != 7 {
			t.Errorf("%d of the seven others are connected", n)
		}
		if bans := b.Bans(); len(bans) != 1 || bans[0].Addr != bad.Addr {
			t.Errorf("bans %v", bans)
		}
	})
}

// TestBlameStaysWithTheSender checks that of several peers that were put the same
// request only the one that sent something broken is banned, however often it is
// there, and that what a banned peer told of others is not held against them.
func TestBlameStaysWithTheSender(t *testing.T) {
	chain := newTestChain(5)
	tardy := slow(chain, 3*hedgeMin) // so that all are asked
	run(t, nil, nil, func(t *testing.T, b *bench) {
		honest := b.populate(4, tardy)
		liar := "45.1.1.1:9108"
		b.net.at(liar, spoiler(chain))
		b.learn("9.9.9.9:1", append(honest, liar))
		b.book.Learn(liar, []Told{{Addr: "46.1.1.1:9108", Services: 1, Seen: time.Now()}})
		b.net.at("46.1.1.1:9108", tardy)
		<-time.After(time.Minute)
		for i := range 40 {
			b.Block(t.Context(), nil, chain.hashes[1+i%4])
		}
		if bans := b.Bans(); len(bans) != 1 || bans[0].Addr != liar || bans[0].Reason != Malformed {
			t.Errorf("bans %+v", bans)
		}
		<-time.After(time.Minute)
		if n := len(b.Infos()); n != 5 {
			t.Errorf("%d of five honest peers are connected", n)
		}
	})
}

// TestOneIsLeft checks that a pool lives on with the only peer that is not banned,
// and asks seeders for more although its book is full of others.
func TestOneIsLeft(t *testing.T) {
	chain := newTestChain(5)
	run(t, nil, nil, func(t *testing.T, b *bench) {
		addrs := b.populate(2*enoughAddresses, good(chain))
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		for len(b.Bans()) < len(addrs)-1 {
			infos := b.Infos()
			if len(infos) == 0 {
				t.Fatalf("nobody is there, with %d of %d banned", len(b.Bans()), len(addrs))
			}
			b.Accuse(infos[0].ID, errors.New("proof"))
			<-time.After(time.Minute)
		}
		if _, _, err := b.Block(t.Context(), nil, chain.hashes[2]); err != nil {
			t.Errorf("the one that is left: %v", err)
		}
		<-time.After(12 * time.Hour)
		b.only()
		if len(b.Bans()) != len(addrs)-1 {
			t.Errorf("%d of %d are still banned", len(b.Bans()), len(addrs)-1)
		}
		if !b.needsSeeds() {
			t.Error("banned addresses keep the pool from asking seeders")
		}
	})
}

// TestPardon checks that a pool all of whose peers were banned, as whoever sits on
// the line to them can bring about, gives one after the other another chance, but
// none that the user has banned.
func TestPardon(t *testing.T) {
	for _, test := range []struct {
		name string
		tune func(*Config)
	}{
		{"connect", nil},
		{"book", func(c *Config) { c.Connect = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			chain := newTestChain(5)
			run(t, test.tune, []func(*node){good(chain), good(chain), good(chain)}, func(t *testing.T, b *bench) {
				if b.automatic() {
					b.learn("9.9.9.9:1", b.populate(3, good(chain)))
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
				<-time.After(pardonAfter / 2)
				if n := len(b.Infos()); n != 0 {
					t.Errorf("%d peers soon after the bans", n)
				}
				<-time.After(pardonAfter)
				if got := b.only(); got.Addr != infos[1].Addr {
					t.Errorf("%s is back, want the one banned first, %s", got.Addr, infos[1].Addr)
				}
				<-time.After(5 * pardonAfter)
				b.only() // with one there is no reason for more
				if _, _, err := b.CFilters(t.Context(), nil, chain.hashes[1], chain.hashes[2]); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestBansAreForgotten checks that bans that are over take no room.
func TestBansAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, good(newTestChain(2)))
		for i := range 100 {
			b.ban(fmt.Sprintf("44.0.0.%d:1", i), Invalid, errors.New(chainhash.Hash{byte(i)}.String()))
		}
		<-time.After(b.cfg.BanFor)
		b.ban("44.1.1.1:1", Invalid, nil)
		if n := len(b.bans); n != 1 {
			t.Errorf("%d bans are kept, want one", n)
		}
	})
}
