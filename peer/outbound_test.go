package peer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// populate sets nodes at n addresses, each in a network of its own, and returns the
// addresses.
func (b *bench) populate(n int, script func(*peertest.Node)) []string {
	var addrs []string
	for _, a := range addressesOf(0, n, time.Now()) {
		b.net.at(a.Addr, script)
		addrs = append(addrs, a.Addr)
	}
	return addrs
}

// learn adds addresses to the book.
func (b *bench) learn(source string, addrs []string) {
	var list []addrbook.Announced
	for _, a := range addrs {
		list = append(list, addrbook.Announced{Addr: a, Services: 1, Seen: time.Now()})
	}
	b.Pool.learn(source, list)
}

// TestAutomatic checks that the pool makes its connections from the book, each in a network
// group of its own, and no more of them.
func TestAutomatic(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		addrs := b.populate(30, peertest.Good(peertest.NewChain(2)))
		for i := range 5 { // more addresses in the networks of the first
			for k := range 5 {
				next := strings.Replace(addrs[k], ".9:", fmt.Sprintf(".%d:", 20+i), 1)
				b.net.at(next, peertest.Good(peertest.NewChain(2)))
				addrs = append(addrs, next)
			}
		}
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		groups := make(map[string]bool)
		for _, i := range b.Infos() {
			groups[addrbook.GroupOf(i.Addr)] = true
			if i.Role != Outbound {
				t.Errorf("%s is %v", i.Addr, i.Role)
			}
		}
		if len(groups) != 8 || len(b.Infos()) != 8 {
			t.Errorf("%d peers in %d networks, want 8 in 8", len(b.Infos()), len(groups))
		}
		<-time.After(2 * feelerEvery * 30)
		if tested, _ := b.book.Len(); tested < 25 {
			t.Errorf("after hours %d addresses were tested", tested)
		}
	})
}

// TestOneNetworkIsBetterThanNone checks that peers of one network group are connected when
// there are no others.
func TestOneNetworkIsBetterThanNone(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		var addrs []string
		for i := range 10 {
			addr := fmt.Sprintf("44.1.1.%d:9108", i+1)
			b.net.at(addr, peertest.Good(peertest.NewChain(2)))
			addrs = append(addrs, addr)
		}
		b.learn("9.9.9.9:1", addrs)
		<-time.After(time.Minute)
		if n := len(b.Infos()); n != 8 {
			t.Errorf("%d peers", n)
		}
	})
}

// TestAddingTakesOver checks that an address that the user adds is connected once, also when
// the pool had chosen it.
func TestAddingTakesOver(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		addr := b.populate(1, peertest.Good(peertest.NewChain(2)))[0]
		b.learn("9.9.9.9:1", []string{addr})
		<-time.After(time.Minute)
		if i := b.only(); i.Role != Outbound {
			t.Errorf("role %v", i.Role)
		}
		if err := b.Add(addr); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if i := b.only(); i.Role != Added {
			t.Errorf("role %v after it was added", i.Role)
		}
	})
}

// TestConnectIsExclusive checks that with Connect no other peer is dialled, and that with
// AddPeer others are.
func TestConnectIsExclusive(t *testing.T) {
	for _, test := range []struct {
		name string
		tune func(*Config)
		want int
	}{
		{"connect", func(*Config) {}, 1},
		{"addpeer", func(c *Config) { c.AddPeer, c.Connect = c.Connect, nil }, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, test.tune, []func(*peertest.Node){peertest.Good(peertest.NewChain(2))}, func(t *testing.T, b *bench) {
				b.learn("9.9.9.9:1", b.populate(20, peertest.Good(peertest.NewChain(2))))
				<-time.After(time.Hour)
				if n := len(b.Infos()); n != test.want {
					t.Errorf("%d peers, want %d", n, test.want)
				}
			})
		})
	}
}

// TestNetworkReturns checks that outbound connections are back within seconds after hours
// without a network, to addresses that are not held to have failed, and that few dials were
// made meanwhile. The first one takes up to nine seconds, and each of the others four: so many dials
// in a row have failed that there is a pause after each.
func TestNetworkReturns(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		var mu sync.Mutex
		var open []*peertest.Node
		script := func(n *peertest.Node) {
			mu.Lock()
			open = append(open, n)
			mu.Unlock()
			n.Welcome()
			n.Serve(peertest.NewChain(2), nil)
		}
		addrs := b.populate(20, script)
		b.learn("9.9.9.9:1", addrs)
		<-time.After(30 * time.Minute)
		for _, a := range addrs {
			b.net.at(a, nil)
		}
		mu.Lock()
		for _, n := range open {
			n.Conn.Close()
		}
		mu.Unlock()
		before := len(b.net.dialled())
		<-time.After(8 * time.Hour)
		if n := len(b.net.dialled()) - before; n > int(8*time.Hour/(b.cfg.probeEvery/2))+20 {
			t.Errorf("%d dials in eight hours", n)
		}
		for _, a := range addrs {
			b.net.at(a, script)
		}
		<-time.After(3 * lookAgain)
		if n := len(b.Infos()); n != 8 {
			t.Errorf("%d peers %v after the network is back", n, 3*lookAgain)
		}
		if tested, untested := b.book.Len(); tested+untested != 20 {
			t.Errorf("the book lost %d addresses", 20-tested-untested)
		}
	})
}

// TestAwake checks that all connections are replaced after the wall clock has run ahead of
// ours.
func TestAwake(t *testing.T) {
	var mu sync.Mutex
	var slept time.Duration
	sleeper := func(c *Config) {
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(slept)
		}
	}
	run(t, sleeper, []func(*peertest.Node){peertest.Good(peertest.NewChain(2))}, func(t *testing.T, b *bench) {
		<-time.After(time.Minute)
		id := b.only().ID
		for _, nap := range []struct {
			slept time.Duration
			again bool
		}{{forgotten - time.Second, false}, {forgotten, true}} {
			mu.Lock()
			slept += nap.slept
			mu.Unlock()
			<-time.After(watchEvery + b.cfg.retryMin)
			synctest.Wait()
			if again := b.only().ID != id; again != nap.again {
				t.Errorf("after a sleep of %v connected again: %v", nap.slept, again)
			}
		}
	})
}

// TestWanted checks the commands of the user while the pool runs.
func TestWanted(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Good(peertest.NewChain(2))}, func(t *testing.T, b *bench) {
		b.net.at("x:1", peertest.Good(peertest.NewChain(2)))
		b.net.at("y:1", peertest.Good(peertest.NewChain(2)))
		for _, step := range []struct {
			name string
			do   func() error
			err  error
			want string // addresses that are connected
		}{
			{"add", func() error { return b.Add("x:1") }, nil, "a:1 x:1"},
			{"add again", func() error { return b.Add("X:1") }, ErrKnownPeer, "a:1 x:1"},
			{"try", func() error { return b.Try("y:1") }, nil, "a:1 x:1 y:1"},
			{"try again", func() error { return b.Try("y:1") }, ErrKnownPeer, "a:1 x:1 y:1"},
			{"disconnect a tried one", func() error { return b.Disconnect(0, "y:1") }, nil, "a:1 x:1"},
			{"disconnect an added one", func() error { return b.Disconnect(0, "x:1") }, nil, "a:1 x:1"},
			{"disconnect an unknown peer", func() error { return b.Disconnect(77, "z:1") }, ErrUnknownPeer, "a:1 x:1"},
			{"remove", func() error { return b.Remove("x:1") }, nil, "a:1"},
			{"remove again", func() error { return b.Remove("x:1") }, ErrUnknownPeer, "a:1"},
			{"remove a configured one", func() error { return b.Remove("a:1") }, nil, ""},
		} {
			if err := step.do(); !errors.Is(err, step.err) {
				t.Errorf("%s: %v, want %v", step.name, err, step.err)
			}
			<-time.After(b.cfg.retryMin)
			synctest.Wait()
			var addrs []string
			for _, i := range b.Infos() {
				addrs = append(addrs, i.Addr)
			}
			slices.Sort(addrs)
			if got := strings.Join(addrs, " "); got != step.want {
				t.Errorf("after %s connected with %q, want %q", step.name, got, step.want)
			}
		}
		if b.Add("y:0") == nil || b.Remove("") == nil || b.Try("y:y") == nil {
			t.Error("an address of a wrong form is accepted")
		}
	})
}

// TestRestart checks that the next process knows the addresses and the bans of the last one,
// and dials its two oldest peers among the first. The order of the first few dials is up to
// the scheduler: there are many more to choose from.
func TestRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		tune := func(c *Config) { c.File = file }
		process := func(during func(b *bench)) {
			b := newBench(t, tune)
			addrs := b.populate(80, peertest.Good(peertest.NewChain(2)))
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			if tested, _ := b.book.Len(); tested == 0 {
				b.learn("9.9.9.9:1", addrs)
			}
			<-time.After(time.Minute)
			during(b)
			cancel()
			wg.Wait()
			b.net.wg.Wait()
		}
		var oldest []string
		var banned Ban
		process(func(b *bench) {
			oldest = []string{b.Infos()[0].Addr, b.Infos()[1].Addr}
			b.Accuse(b.Infos()[2].ID, errors.New("proof"))
			banned = b.Bans()[0]
		})
		process(func(b *bench) {
			var first []string
			for _, d := range b.net.dials[:8] {
				first = append(first, d.addr)
			}
			for _, addr := range oldest {
				if !slices.Contains(first, addr) {
					t.Errorf("dialled %q first, want %q among them", first, addr)
				}
			}
			bans := b.Bans()
			if len(bans) != 1 || bans[0].Addr != banned.Addr || bans[0].Evidence != "proof" || bans[0].Reason != fault.Invalid {
				t.Errorf("bans %+v, want %+v", bans, banned)
			}
			if len(b.net.dialledAt(banned.Addr)) != 0 {
				t.Error("a banned peer was dialled")
			}
		})
	})
}

// addressesOf returns n addresses in network groups of their own, from the first on.
func addressesOf(first, n int, at time.Time) []addrbook.Announced {
	list := make([]addrbook.Announced, n)
	for i := range list {
		k := first + i
		list[i] = addrbook.Announced{Addr: fmt.Sprintf("%d.%d.%d.9:9108", 20+k%60, k/60%250, k/15000), Services: 1, Seen: at}
	}
	return list
}
