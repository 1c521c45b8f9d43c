package outbound

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/roster"
)

// TestPeerBehindIsReplaced checks that on a network with regular blocks a peer that sends
// none of the best chain is disconnected once others have, whatever it announces, and that it
// is not chosen again for hours.
func TestPeerBehindIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.nodes.Wait()
		b.rotateAt = time.Now().Add(1000 * time.Hour)
		named, behind, fresh := b.connected("44.3.1.1:1", roster.Added), b.connected("44.1.1.1:1", roster.Outbound), b.connected("44.2.1.1:1", roster.Outbound)
		for _, p := range []*roster.Peer{named, behind, fresh} {
			defer p.Close()
		}
		limit := staleBlocks * b.deps.BlockTime
		<-time.After(limit - 2)
		b.roster.Credit(fresh.ID, 5)
		<-time.After(1)
		b.roster.Credit(fresh.ID, 5) // a block that it has sent before
		if _, at := fresh.Best(); at.Equal(time.Now()) {
			t.Error("an old block counts")
		}
		if b.decide(); !behind.Live() {
			t.Error("replaced early")
		}
		<-time.After(1)
		b.roster.Credit(fresh.ID, 6)
		b.Seek("no new block")
		if b.decide(); !behind.Live() {
			t.Error("replaced while all are behind")
		}
		b.Seek("")
		if b.decide(); behind.Live() || !fresh.Live() || !named.Live() {
			t.Error("the peer behind was not the one to be replaced")
		}
		b.slots = b.slots[1:]
		again := addrbook.Candidate{Addr: "44.1.1.1:9", Host: "44.1.1.1", Standard: true}
		if b.usableLocked(time.Now().Add(avoidBehind - 1)).inSomeGroup(again) {
			t.Error("a replaced peer may be dialled at once")
		}
		if !b.usableLocked(time.Now().Add(avoidBehind)).inSomeGroup(again) {
			t.Error("a replaced peer may not be dialled after hours")
		}
		<-time.After(100 * limit)
		b.roster.Credit(fresh.ID, 7)
		if b.decide(); !named.Live() {
			t.Error("a peer that the user names was replaced")
		}
	})
}

// TestNoPeerIsBehindWithoutRegularBlocks checks that no peer is replaced on a network whose blocks
// come at any time.
func TestNoPeerIsBehindWithoutRegularBlocks(t *testing.T) {
	b := newBench(t)
	b.deps.BlockTime = 0
	if s := b.stateLocked(time.Now()); s.StaleAfter != 0 {
		t.Errorf("peers are replaced after %v", s.StaleAfter)
	}
}

// TestUsable checks which addresses may be dialled beside connections, named peers, tests, bans and
// hosts that were left, and that a dead end forgets the latter.
func TestUsable(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	at := func(addr string) addrbook.Candidate {
		return addrbook.Candidate{Addr: addr, Host: addrbook.HostOf(addr), Group: addrbook.GroupOf(addr), Standard: true}
	}
	b.slots = []*slot{{id: 1, to: at("44.1.1.1:9108"), purpose: dialing.Fill}}
	b.manual = names{addrs: []string{"44.2.1.1:9108"}, once: []string{"44.3.1.1"}}
	b.choice.testing["44.4.1.1"] = true
	b.choice.avoidHost("44.5.1.1", avoidance{now.Add(time.Hour), true}, now)
	b.choice.avoidHost("44.6.1.1", avoidance{now.Add(time.Hour), false}, now)
	if err := b.deps.Bans.Ban("44.7.1.1", time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		addr               string
		newGroup, anyGroup bool
	}{
		{"44.1.1.1:9109", false, false}, // the host of a connection
		{"44.1.1.2:9108", false, false}, // its group has its share, of two groups
		{"44.2.1.1:9109", false, false}, // the host of a named peer
		{"44.3.1.1:9108", false, false}, // of one that is tried once
		{"44.3.1.2:9108", true, true},   // whose group has no connection
		{"44.4.1.1:9108", false, false}, // of one that is tested
		{"44.5.1.1:9108", false, false}, // of one that had no newer blocks
		{"44.6.1.1:9108", false, false}, // of one that was behind
		{"44.7.1.1:9108", false, false}, // banned
		{"44.8.1.1:9108", true, true},
	} {
		u := b.usableLocked(now)
		if newGroup, anyGroup := u.inNewGroup(at(test.addr)), u.inAnyGroup(at(test.addr)); newGroup != test.newGroup || anyGroup != test.anyGroup {
			t.Errorf("%s: in a new group %v, in any %v, want %v, %v", test.addr, newGroup, anyGroup, test.newGroup, test.anyGroup)
		}
	}
	b.NewBlock()
	if u := b.usableLocked(now); !u.inNewGroup(at("44.5.1.1:9108")) || u.inNewGroup(at("44.6.1.1:9108")) {
		t.Error("a new block does not end just the avoidance of those that had no newer blocks")
	}
	b.failed = manyFailures
	if u := b.usableLocked(now); !u.inNewGroup(at("44.6.1.1:9108")) || u.inNewGroup(at("44.7.1.1:9108")) {
		t.Error("a dead end does not end just the avoidance of hosts")
	}
}

// TestOddPortsRest checks that an announced address with another port than the network's is dialled
// only after a pause, and one where a node was met at once.
func TestOddPortsRest(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	b.choice.oddPortAt = now
	odd := addrbook.Candidate{Addr: "44.1.1.1:22", Host: "44.1.1.1", Group: "44.1"}
	met := odd
	met.Tried = true
	for after, want := range map[time.Duration]bool{oddPortAlone - 1: false, oddPortAlone: true} {
		if got := b.usableLocked(now.Add(after)).inNewGroup(odd); got != want {
			t.Errorf("usable after %v: %v", after, got)
		}
	}
	if !b.usableLocked(now).inNewGroup(met) {
		t.Error("a port where a node was met has to rest")
	}
	u := b.usableLocked(now.Add(oddPortEvery - 1))
	if u.alone = false; u.inNewGroup(odd) {
		t.Error("beside connected peers the pause is no longer")
	}
}

// TestAnchorsComeFirst checks that the anchors of the last run are chosen first, except those in
// use, each once, and that they are kept while there are no others.
func TestAnchorsComeFirst(t *testing.T) {
	b := newBench(t)
	b.learn("44.9.1.1:9108")
	b.Restore([]string{"44.1.1.1:9108", "44.2.1.1:9108", "44.3.1.1:9108"})
	b.manual.addrs = []string{"44.1.1.1:9109"}
	b.rotateAt = time.Now().Add(time.Hour)
	for _, want := range []string{"44.2.1.1:9108", "44.9.1.1:9108"} {
		if !b.hasChoice() {
			t.Errorf("no choice, want %s", want)
			continue
		}
		if s := b.chooseSlot(); s == nil || s.to.Addr != want {
			t.Errorf("chosen %+v, want %s", s, want)
		}
	}
	if s := b.chooseSlot(); s != nil {
		t.Errorf("a third connection: %+v", s)
	}
	if kept := b.Anchors(); len(kept) != maxAnchors || kept[0] != "44.1.1.1:9108" || kept[1] != "44.2.1.1:9108" {
		t.Errorf("kept anchors: %q", kept)
	}
}

// TestSeedNeed checks the state for the decision to ask seeders, and when no address is left.
func TestSeedNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.nodes.Wait()
		if got := b.SeedNeed(time.Now()); got != (dialing.Need{Missing: true}) || !b.Exhausted() {
			t.Errorf("with an empty book: %+v, exhausted %v", got, b.Exhausted())
		}
		b.learn("44.1.1.1:9108")
		if got := b.SeedNeed(time.Now()); got != (dialing.Need{Missing: true, Dialable: true}) || b.Exhausted() {
			t.Errorf("with an address: %+v, exhausted %v", got, b.Exhausted())
		}
		b.deps.Book.Failed("44.1.1.1:9108", true)
		if got := b.SeedNeed(time.Now()); got.Dialable || b.Exhausted() {
			t.Errorf("with an address that is not due: %+v, exhausted %v", got, b.Exhausted())
		}
		for _, addr := range []string{"44.2.1.1:9108", "44.3.1.1:9108"} {
			defer b.connected(addr, roster.Outbound).Close()
			b.deps.Book.Worked(addr, 1)
		}
		b.Seek("the newest block is old")
		if got := b.SeedNeed(time.Now()); got != (dialing.Need{Connected: true, Recent: true, Searching: true}) {
			t.Errorf("with all connections, during a search: %+v", got)
		}
	})
}

// TestFeelers checks that an untested address is tested while there are peers, that its host is in
// use meanwhile, and that none is tested during a search.
func TestFeelers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.nodes.Wait()
		b.learn("44.1.1.1:9108")
		if to, ok := b.chooseFeeler(); ok {
			t.Errorf("%s is tested without a peer", to.Addr)
		}
		defer b.connected("44.2.1.1:9108", roster.Outbound).Close()
		b.Seek("the newest block is old")
		if to, ok := b.chooseFeeler(); ok {
			t.Errorf("%s is tested during a search", to.Addr)
		}
		b.Seek("")
		to, ok := b.chooseFeeler()
		if !ok || to.Addr != "44.1.1.1:9108" || !b.Testing("44.1.1.1") || !b.Exhausted() {
			t.Errorf("tested %q, %v", to.Addr, ok)
		}
		b.release(to.Host)
		if b.Testing("44.1.1.1") || b.Exhausted() {
			t.Error("the host is in use after the test")
		}
	})
}
