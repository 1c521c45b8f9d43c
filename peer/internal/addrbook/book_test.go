package addrbook

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

const port = 9108

// start is the time at which tests begin.
var start = time.Unix(1_700_000_000, 0)

func newBook(seed uint64) *Book {
	return New(Config{Onion: true, Port: port}, rand.New(rand.NewPCG(seed, 0)))
}

// anywhere lets Pick return any address.
func anywhere(Candidate) bool { return true }

// addresses returns n addresses in network groups of their own, from the first on.
func addresses(first, n int) []string {
	list := make([]string, n)
	for i := range list {
		k := first + i
		list[i] = fmt.Sprintf("%d.%d.%d.9:%d", 20+k%60, k/60%250, k/15000, port)
	}
	return list
}

// announce makes addresses into those of full nodes that were just seen.
func announce(now time.Time, addrs ...string) []Announced {
	list := make([]Announced, len(addrs))
	for i, a := range addrs {
		list[i] = Announced{Addr: a, Services: 1, Seen: now}
	}
	return list
}

// check counts all entries again, and compares with the limits and the indexes of the book.
func check(t *testing.T, b *Book) {
	t.Helper()
	tried, fresh := 0, 0
	triedHost, triedGroup := make(map[string]int), make(map[string]int)
	newHost, newGroup, ofSource := make(map[string]int), make(map[string]int), make(map[string]int)
	for _, e := range b.Entries() {
		host, group := HostOf(e.Addr), GroupOf(e.Addr)
		if !e.Worked.IsZero() {
			tried++
			triedHost[host]++
			triedGroup[group]++
			continue
		}
		fresh++
		newHost[host]++
		newGroup[group]++
		if len(e.Sources) == 0 || len(e.Sources) > MaxSources {
			t.Fatalf("%s has %d sources", e.Addr, len(e.Sources))
		}
		for _, s := range e.Sources {
			ofSource[s]++
		}
	}
	if gotTried, gotNew := b.Len(); gotTried != tried || gotNew != fresh {
		t.Fatalf("Len says %d and %d, there are %d and %d", gotTried, gotNew, tried, fresh)
	}
	for what, c := range map[string]struct{ n, most int }{
		"tried": {tried, MaxTried}, "new": {fresh, MaxNew},
		"tried of a host": {largest(triedHost), 1}, "tried of a group": {largest(triedGroup), MaxTriedGroup},
		"new of a host": {largest(newHost), MaxNewHost}, "new of a group": {largest(newGroup), MaxNewGroup},
		"new of a source": {largest(ofSource), MaxOfSource},
	} {
		if c.n > c.most {
			t.Fatalf("%d addresses %s, at most %d", c.n, what, c.most)
		}
	}
	for name, r := range map[string]struct {
		ranking *ranking
		want    map[string]int
	}{"hosts": {&b.hosts, newHost}, "groups": {&b.newGroups, newGroup}, "sources": {&b.sources, ofSource}, "tried groups": {&b.triedGroups, triedGroup}} {
		got := make(map[string]int)
		for key := range r.ranking.sets {
			got[key] = len(r.ranking.of(key))
		}
		if !reflect.DeepEqual(got, r.want) {
			t.Fatalf("the index of %s has %v, want %v", name, got, r.want)
		}
		if n := len(r.ranking.largest()); n != largest(r.want) {
			t.Fatalf("the largest of %s has %d, want %d", name, n, largest(r.want))
		}
	}
}

func largest(counts map[string]int) (n int) {
	for _, c := range counts {
		n = max(n, c)
	}
	return n
}

// TestLimitsHold makes random calls, with few hosts, groups and sources so that every limit
// is reached, and checks after each that all limits hold.
func TestLimitsHold(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		b, now := newBook(seed), start
		some := func() string {
			group, host := r.IntN(100), r.IntN(1<<(2+2*(seed%4)))
			p := port
			if r.IntN(2) == 0 {
				p = 1 + r.IntN(6)
			}
			return fmt.Sprintf("44.%d.%d.%d:%d", group, host>>8, host&255, p)
		}
		for i := range 150 {
			now = now.Add(time.Duration(r.Int64N(int64(time.Hour))))
			switch r.IntN(8) {
			case 0:
				b.Worked(some(), 1, now)
			case 1:
				b.Failed(some(), r.IntN(4) != 0, now)
			case 2:
				b.Forget(some())
			default:
				var list []string
				for range r.IntN(300) {
					list = append(list, some())
				}
				b.Learn(fmt.Sprintf("9.%d.0.1:%d", r.IntN(30), port), announce(now, list...), now)
			}
			if i%20 == 0 {
				check(t, b)
			}
		}
		check(t, b)
		again := newBook(seed)
		again.Restore(b.Entries(), now)
		check(t, again)
	}
}

// TestFloodHasItsShare checks that fifty addresses from one peer, among thousands from many,
// and thousands from one peer among fifty from many, are picked no more often than those of
// any one source.
func TestFloodHasItsShare(t *testing.T) {
	for _, test := range []struct {
		name                  string
		flood, sources, other int
	}{
		{"fifty among thousands", 50, 40, 50},
		{"thousands among fifty", 5000, 10, 5},
		{"fifty among a few", 50, 4, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(2) {
				b := newBook(seed)
				flood := addresses(0, test.flood)
				if seed%2 == 0 { // before the others and after them
					b.Learn("9.9.9.9:9108", announce(start, flood...), start)
				}
				for s := range test.sources {
					b.Learn(fmt.Sprintf("8.%d.0.1:9108", s), announce(start, addresses(6000+s*test.other, test.other)...), start)
				}
				b.Learn("9.9.9.9:9108", announce(start, flood...), start)
				check(t, b)

				const picks = 1500
				hits, held := 0, 0
				for range picks {
					c, ok := b.Pick(AnyKind, start, anywhere)
					if !ok {
						t.Fatal("nothing to pick")
					}
					if slices.Contains(flood, c.Addr) {
						hits++
					}
				}
				for _, f := range flood {
					held += oneIf(b.all[f] != nil)
				}
				share := float64(hits) / picks
				fair := 1 / float64(test.sources+1)
				if share > 1.5*fair || share < fair/2 {
					t.Errorf("seed %d: a share of %.3f of the picks, want about %.3f", seed, share, fair)
				}
				if held > MaxOfSource || held == 0 {
					t.Errorf("seed %d: %d of its addresses in the book, at most %d", seed, held, MaxOfSource)
				}
			}
		})
	}
}

// TestFloodDisplacesNoOther checks that, whatever is announced, tried addresses stay, and the
// addresses of a source that announced fewer stay too.
func TestFloodDisplacesNoOther(t *testing.T) {
	b := newBook(1)
	met := addresses(0, 100)
	for _, m := range met {
		b.Worked(m, 1, start)
	}
	modest := addresses(200, 20)
	b.Learn("8.8.0.1:9108", announce(start, modest...), start)
	for s := range 100 {
		b.Learn(fmt.Sprintf("9.%d.0.1:9108", s), announce(start, addresses(1000+s*300, 300)...), start)
	}
	for _, a := range slices.Concat(met, modest) {
		if b.all[a] == nil {
			t.Errorf("%s was displaced", a)
		}
	}
	check(t, b)
	if _, fresh := b.Len(); fresh < MaxNew/2 {
		t.Errorf("%d addresses in a flooded book", fresh)
	}
}

// TestPortsOfOneHost checks that many ports of one host are few addresses, that they do not
// keep the other hosts of their network group out, and that the port of the network stays.
func TestPortsOfOneHost(t *testing.T) {
	b := newBook(1)
	ports := []string{"44.44.0.1:9108"}
	for p := range 1024 {
		ports = append(ports, fmt.Sprintf("44.44.0.1:%d", 10_000+p))
	}
	b.Learn("9.1.0.1:9108", announce(start, ports...), start)
	check(t, b)
	if b.all[ports[0]] == nil {
		t.Error("the network's own port was evicted by others")
	}
	var honest []string
	for i := range MaxNewGroup {
		honest = append(honest, fmt.Sprintf("44.44.1.%d:9108", i))
	}
	b.Learn("9.2.0.1:9108", announce(start, honest...), start)
	check(t, b)
	kept := 0
	for _, a := range honest {
		kept += oneIf(b.all[a] != nil)
	}
	if kept < MaxNewGroup-MaxNewHost {
		t.Errorf("%d of %d other hosts of the group are in the book", kept, len(honest))
	}
	v6 := newBook(1)
	var interfaces []string
	for i := range 100 {
		interfaces = append(interfaces, fmt.Sprintf("[2a00:1450:0:7::%x]:9108", i+1))
	}
	if n := v6.Learn("9.1.0.1:9108", announce(start, interfaces...), start); n > 100 {
		t.Errorf("%d addresses of one /64 were learned", n)
	}
	check(t, v6)
}

// TestPortsOfOneHostAreMet checks that a node met at a thousand ports of one host is one
// tried address, and displaces none of the others.
func TestPortsOfOneHostAreMet(t *testing.T) {
	b := newBook(1)
	met := addresses(0, 100)
	for _, a := range met {
		b.Worked(a, 1, start)
	}
	now := start.Add(time.Hour)
	for p := range 1024 {
		b.Worked(fmt.Sprintf("44.44.0.1:%d", 10_000+p), 1, now)
	}
	for i := range 1024 { // and one at many hosts of one group
		b.Worked(fmt.Sprintf("45.45.%d.%d:9108", i/256, i%256), 1, now)
	}
	check(t, b)
	for _, a := range met {
		if b.all[a] == nil {
			t.Errorf("%s was displaced", a)
		}
	}
}

// TestSourcesShareAnAddress checks that an address stays with a modest source when a greedy
// one that announced it first has reached its limit.
func TestSourcesShareAnAddress(t *testing.T) {
	b := newBook(1)
	modest := addresses(0, 20)
	b.Learn("9.1.0.1:9108", announce(start, modest...), start)
	b.Learn("9.2.0.1:9108", announce(start, modest...), start)
	for i := range 10 {
		b.Learn("9.1.0.1:9108", announce(start, addresses(100+200*i, 200)...), start)
	}
	check(t, b)
	for _, a := range modest {
		if e := b.all[a]; e == nil || !slices.Contains(e.sources, "9.2.0.0") {
			t.Errorf("%s is lost to the source that announced it second", a)
		}
	}
	for s := range 3 * MaxSources {
		b.Learn(fmt.Sprintf("10.%d.0.1:9108", s), announce(start, modest...), start)
	}
	check(t, b)
}

// TestWorstIsEvicted checks that in a full group a failed address makes room.
func TestWorstIsEvicted(t *testing.T) {
	b := newBook(1)
	var full []string
	for i := range MaxNewGroup {
		full = append(full, fmt.Sprintf("44.44.0.%d:9108", i))
	}
	b.Learn("9.1.0.1:9108", announce(start, full...), start)
	b.Failed(full[7], true, start)
	if n := b.Learn("9.1.0.1:9108", announce(start, "44.44.1.1:9108"), start); n != 1 || b.all[full[7]] != nil {
		t.Errorf("%d learned, and the address that failed is there: %v", n, b.all[full[7]] != nil)
	}
	if n := b.Learn("9.1.0.1:9108", announce(start, "44.44.1.2:7777"), start); n != 0 {
		t.Error("another port than the network's evicts an address with the network's")
	}
}

// TestRest checks the pauses between dials of one address, and when it expires.
func TestRest(t *testing.T) {
	b, now := newBook(1), start
	addr := addresses(0, 1)[0]
	b.Worked(addr, 1, now)
	for i := range maxTriedFailures {
		b.Failed(addr, true, now)
		rest := min(firstRest<<i, maxRest)
		now = now.Add(rest - 1)
		if _, ok := b.Pick(AnyKind, now, anywhere); ok {
			t.Errorf("picked before %v after failure %d", rest, i+1)
		}
		now = now.Add(1)
		if got, _ := b.Pick(AnyKind, now, anywhere); got.Addr != addr {
			t.Errorf("not picked %v after failure %d", rest, i+1)
		}
	}
	now = now.Add(MaxAge)
	b.Failed(addr, true, now)
	if tried, _ := b.Len(); tried != 0 {
		t.Error("an address that has not worked for a month is kept")
	}

	other := addresses(1, 1)[0]
	b.Learn("9.9.9.9:9108", announce(now, other), now)
	for range 100 {
		b.Failed(other, false, now)
	}
	if got, _ := b.Pick(OnlyNew, now, anywhere); got.Addr != other {
		t.Error("failures without a network count")
	}
	for range maxNewFailures {
		b.Failed(other, true, now)
	}
	if _, fresh := b.Len(); fresh != 0 {
		t.Error("an address that never works is kept")
	}
}

// TestLongServingAddressStays checks that an address that works now and then is not forgotten
// after a month.
func TestLongServingAddressStays(t *testing.T) {
	b, now := newBook(1), start
	addr := addresses(0, 1)[0]
	for range 90 {
		b.Worked(addr, 1, now)
		now = now.Add(24 * time.Hour)
	}
	b.Failed(addr, true, now)
	if tried, _ := b.Len(); tried != 1 {
		t.Error("an address that worked yesterday is forgotten")
	}
}

// TestRestore checks that nothing is lost, and that an edited snapshot breaks no limit.
func TestRestore(t *testing.T) {
	b := newBook(1)
	all := addresses(0, 30)
	b.Learn("9.9.9.9:9108", announce(start, all...), start)
	b.Learn("9.8.9.9:9108", announce(start, all[10:]...), start)
	b.Worked(all[0], 5, start)
	b.Failed(all[1], true, start)
	again := newBook(2)
	again.Restore(b.Entries(), start)
	if !reflect.DeepEqual(again.Entries(), b.Entries()) {
		t.Errorf("restored %+v, want %+v", again.Entries(), b.Entries())
	}

	var edited []Entry
	later := start.Add(1000 * time.Hour)
	for _, a := range addresses(0, 3*MaxTried) {
		edited = append(edited, Entry{Addr: a, Sources: []string{"x"}, Added: later, Worked: later, Failures: -5})
	}
	for _, a := range addresses(5000, 2*MaxOfSource) {
		edited = append(edited, Entry{Addr: a, Sources: []string{"x", "x"}, Heard: start})
	}
	edited = append(edited, edited[0], Entry{Addr: "nonsense", Heard: start}, Entry{Addr: "1.2.3.4:5"})
	c := newBook(1)
	c.Restore(edited, start)
	check(t, c)
	if tried, fresh := c.Len(); tried != MaxTried || fresh != MaxOfSource {
		t.Errorf("restored %d tried and %d new", tried, fresh)
	}
	for _, e := range c.Entries() {
		if e.Worked.After(start) || e.Added.After(start) || e.Failures < 0 {
			t.Fatalf("restored %+v", e)
		}
	}
}

// BenchmarkLearnInFullBook measures one announced address in a book that has no room.
func BenchmarkLearnInFullBook(b *testing.B) {
	book := newBook(1)
	for s := range 100 {
		book.Learn(fmt.Sprintf("9.%d.0.1:9108", s), announce(start, addresses(s*300, 300)...), start)
	}
	if _, fresh := book.Len(); fresh != MaxNew {
		b.Fatalf("%d addresses in the book", fresh)
	}
	i := 0
	for b.Loop() {
		book.Learn("8.8.8.8:9108", announce(start, addresses(100_000+i, 1)...), start)
		i++
	}
}
