package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/peersfile"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// publicNet returns the parameters of a network whose nodes have public addresses and one
// port, and whose blocks come at regular intervals. The magic number is that of the scripted
// nodes.
func publicNet() *chaincfg.Params {
	public := *peertest.Params
	public.DefaultPort = "9108"
	return &public
}

// mostPerMinute returns the greatest number of dials within a minute.
func mostPerMinute(dials []time.Time) (most int) {
	for i, at := range dials {
		j := i
		for j < len(dials) && dials[j].Sub(at) < time.Minute {
			j++
		}
		most = max(most, j-i)
	}
	return most
}

// TestDialsArePaced counts the dials of every minute, those to seeders too, under every
// combination of named peers, behaviour of nodes, announced addresses and searches.
func TestDialsArePaced(t *testing.T) {
	race.Skip(t)
	scripts := map[string]func(*peertest.Node){
		"nodes that work":          peertest.Good(peertest.NewChain(2)),
		"nodes that hang up":       func(n *peertest.Node) { n.Welcome() },
		"nodes that refuse":        nil,
		"nodes of another network": func(n *peertest.Node) { n.Raw([]byte("220 mail.example ESMTP\r\n" + strings.Repeat("x", 100))) },
	}
	for name, script := range scripts {
		for _, named := range []int{0, 1, 20} {
			for _, connect := range []bool{false, true} {
				for _, known := range []int{0, 300} {
					for _, outbound := range []int{1, 8} {
						if connect && (named == 0 || known != 0 || outbound != 8) || outbound == 1 && named != 1 {
							continue
						}
						what := fmt.Sprintf("%s, %d named, connect %v, %d known, %d wanted", name, named, connect, known, outbound)
						t.Run(what, func(t *testing.T) { countDials(t, script, named, connect, known, outbound) })
					}
				}
			}
		}
	}
}

func countDials(t *testing.T, script func(*peertest.Node), named int, connect bool, known, outbound int) {
	s := newSeeder(t, answerOf(5))
	tune := func(c *Config) {
		s.tune(c)
		c.Outbound = outbound
		var list []string
		for i := range named {
			list = append(list, fmt.Sprintf("45.%d.0.1:9108", i))
		}
		if c.Connect, c.AddPeer = nil, list; connect {
			c.Connect, c.AddPeer = list, nil
		}
	}
	run(t, tune, nil, func(t *testing.T, b *bench) {
		for i := range max(named, 1) {
			b.net.at(fmt.Sprintf("45.%d.0.1:9108", i), script)
		}
		b.learn("9.9.9.9:1", b.populate(known, script))
		for part := range 3 {
			if part == 1 {
				b.Seek("the newest block is old")
			}
			for range 12 {
				<-time.After(time.Minute)
				if i := b.Infos(); part == 2 && len(i) > 0 {
					b.Disconnect(i[0].ID, "")
				}
			}
		}
		b.Seek("")
		if n := mostPerMinute(b.net.dialled()) + int(s.asked.Load())/60; n >= 60 {
			t.Errorf("%d dials within a minute", n)
		}
	})
}

// TestAnnouncedPortsAreDialledRarely checks that announcements cannot direct our dials at
// arbitrary ports: of addresses with other ports than the network's few are dialled, and a
// node that works at one is kept.
func TestAnnouncedPortsAreDialledRarely(t *testing.T) {
	tune := func(c *Config) {
		c.Params = publicNet()
		c.Params.Net, c.AddPeer, c.routedOnly = wire.SimNet, []string{"45.1.1.1:9108"}, true
	}
	run(t, tune, nil, func(t *testing.T, b *bench) {
		b.net.at("45.1.1.1:9108", peertest.Good(peertest.NewChain(2)))
		var odd []string
		for i := range 200 {
			odd = append(odd, fmt.Sprintf("44.%d.0.1:%d", i, 22+i))
		}
		b.net.at(odd[7], peertest.Good(peertest.NewChain(2)))
		b.learn("9.9.9.9:1", odd)
		<-time.After(24 * time.Hour)
		n := 0
		for _, addr := range odd {
			n += len(b.net.dialledAt(addr))
		}
		if most := int(24*time.Hour/oddPortEvery) + 10; n > most || n < 100 {
			t.Errorf("%d dials of other ports in a day, at most %d", n, most)
		}
	})
}

// TestOnionIsNotLookedUp checks that without a proxy no name of a Tor service is passed to
// the dialler, which would look it up, whether peers announce it or the user names it.
func TestOnionIsNotLookedUp(t *testing.T) {
	onion := addrbook.OnionName([32]byte{1}) + ":9108"
	run(t, nil, nil, func(t *testing.T, b *bench) {
		b.learn("9.9.9.9:1", append(b.populate(3, peertest.Good(peertest.NewChain(2))), onion))
		b.outbound.Restore([]string{onion})
		for _, named := range []func(string) error{b.Add, b.Try} {
			for _, name := range []string{onion, "hidden.onion", "HIDDEN.onion.:9108"} {
				if err := named(name); !errors.Is(err, ErrNoOnion) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		<-time.After(10 * time.Minute)
		if n := len(b.net.dialledAt(onion)); n != 0 {
			t.Errorf("dialled %d times", n)
		}
	})
	if _, err := New(Config{Params: peertest.Params, UserAgent: "/x/", Connect: []string{onion}}); !errors.Is(err, ErrNoOnion) {
		t.Errorf("a configured name is accepted: %v", err)
	}
	run(t, func(c *Config) { c.Onion = true }, nil, func(t *testing.T, b *bench) {
		b.net.at(onion, peertest.Good(peertest.NewChain(2)))
		b.learn("9.9.9.9:1", []string{onion})
		<-time.After(time.Minute)
		b.only()
	})
}

// TestOneGroupMakesRoom checks that of two peers in one network group, connected while no
// other group was known, one is replaced within minutes when another group is, although most
// announced addresses are dead.
func TestOneGroupMakesRoom(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		var one []string
		for i := range 20 {
			one = append(one, fmt.Sprintf("44.1.1.%d:9108", i+1))
			b.net.at(one[i], peertest.Good(peertest.NewChain(2)))
		}
		b.learn("9.9.9.9:1", one)
		<-time.After(time.Minute)
		if n := len(b.Infos()); n != 8 {
			t.Errorf("%d peers in the only group", n)
		}
		b.learn("9.9.9.9:1", b.populate(30, nil))
		for _, a := range addressesOf(100, 7, time.Now()) {
			b.net.at(a.Addr, peertest.Good(peertest.NewChain(2)))
			b.learn("9.8.9.9:1", []string{a.Addr})
		}
		<-time.After(10 * time.Minute)
		groups := make(map[string]int)
		for _, i := range b.Infos() {
			groups[addrbook.GroupOf(i.Addr)]++
		}
		if len(groups) != 8 || len(b.Infos()) != 8 {
			t.Errorf("after minutes %d peers in the groups %v", len(b.Infos()), groups)
		}
	})
}

// TestSearchFindsTheOneThatKnowsMore checks Seek: among fifty peers the only one with newer
// blocks is found within minutes, stays, and replaces another; meanwhile there are at most
// two connections beyond the wanted number, and no peer is tried twice until the block is known: then
// others may have it, too.
func TestSearchFindsTheOneThatKnowsMore(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		addrs := b.populate(50, peertest.Good(peertest.NewChain(2)))
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		knows := "45.1.1.1:9108"
		b.net.at(knows, peertest.Good(peertest.NewChain(2)))
		b.learn("9.9.9.9:1", []string{knows})
		for _, i := range b.Infos() {
			b.Credit(i.ID, 10)
		}
		before := make(map[string]int)
		for _, a := range addrs {
			before[a] = len(b.net.dialledAt(a))
		}
		b.Seek("the newest block is old")
		began, found := time.Now(), false
		for range 20 * 60 {
			<-time.After(time.Second)
			infos := b.Infos()
			if len(infos) > 10 {
				t.Fatalf("%d connections", len(infos))
			}
			for _, i := range infos {
				if i.Addr == knows {
					for _, a := range addrs {
						if n := len(b.net.dialledAt(a)) - before[a]; n > 1 {
							t.Errorf("%s was dialled %d times", a, n)
						}
					}
					b.Credit(i.ID, 11)
					found = true
				} else {
					b.Credit(i.ID, 10) // a block that all peers have sent
				}
			}
			if found {
				break
			}
		}
		if !found {
			t.Fatalf("not found after %v", time.Since(began))
		}
		b.Seek("")
		<-time.After(time.Minute)
		infos := b.Infos()
		if len(infos) != 8 || !slices.ContainsFunc(infos, func(i Info) bool { return i.Addr == knows && i.Role == Outbound }) {
			t.Errorf("in the end %d peers: %+v", len(infos), infos)
		}
	})
}

// TestAnchorsSurviveAStartWithoutNetwork checks that the anchors are still known after a
// process that could connect to none.
func TestAnchorsSurviveAStartWithoutNetwork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		process := func(script func(*peertest.Node)) peersfile.State {
			b := newBench(t, func(c *Config) { c.File = file })
			addrs := b.populate(40, script)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			if tried, _ := b.book.Len(); tried == 0 {
				b.learn("9.9.9.9:1", addrs)
			}
			<-time.After(time.Hour)
			cancel()
			wg.Wait()
			b.net.wg.Wait()
			s, err := peersfile.Load(file, b.cfg.Params.Name, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		want := process(peertest.Good(peertest.NewChain(2))).Anchors
		if len(want) != maxAnchors {
			t.Fatalf("%d anchors", len(want))
		}
		for range 3 {
			if got := process(nil).Anchors; !slices.Equal(got, want) {
				t.Errorf("after a run without a network the anchors are %q, want %q", got, want)
			}
		}
	})
}

// TestConnectedPeersStayInTheBook checks that an address is not forgotten because the
// connection to it is old.
func TestConnectedPeersStayInTheBook(t *testing.T) {
	race.Skip(t)
	run(t, func(c *Config) { c.Outbound = 2 }, nil, func(t *testing.T, b *bench) {
		addrs := b.populate(2, peertest.Good(peertest.NewChain(2)))
		b.learn("9.9.9.9:1", addrs)
		<-time.After(40 * 24 * time.Hour)
		for _, e := range b.book.Entries() {
			if age := time.Since(e.Worked); age > time.Hour {
				t.Errorf("%s has worked %v ago, as far as the book knows", e.Addr, age)
			}
		}
		if tried, _ := b.book.Len(); tried != 2 {
			t.Errorf("%d addresses are left", tried)
		}
	})
}

// TestABannedPeerOfTheSettingsIsNamed: a ban outlasts the daemon, and a peer that the settings
// name is silently missing otherwise.
func TestABannedPeerOfTheSettingsIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peers.json")
	for _, step := range []struct {
		warned []string
		change func(*Pool) error
	}{
		{nil, func(p *Pool) error { return p.Ban("1.2.3.4", time.Hour) }},
		{[]string{"1.2.3.4:1"}, func(p *Pool) error { return p.Unban("1.2.3.4") }},
		{nil, func(*Pool) error { return nil }},
	} {
		b := newBench(t, func(c *Config) { c.File, c.Connect = file, []string{"1.2.3.4:1", "1.2.3.5:1"} })
		if got := b.log.values(slog.LevelWarn, "addr"); !slices.Equal(got, step.warned) {
			t.Errorf("warned of %q, want %q", got, step.warned)
		}
		if err := step.change(b.Pool); err != nil {
			t.Error(err)
		}
		b.file.Save(b.state(nil))
	}
}
