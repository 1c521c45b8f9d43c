package peer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// bookAt returns a book with a seed, and its clock.
func bookAt(seed uint64) (*Book, *time.Time) {
	now := time.Unix(1_700_000_000, 0)
	return NewBook(false, func() time.Time { return now }, rand.New(rand.NewPCG(seed, 0)).Uint64), &now
}

// anywhere lets Pick take any address.
func anywhere(string, string) bool { return true }

// heard returns n addresses in networks of their own, from the first on.
func heard(first, n int, at time.Time) []Told {
	told := make([]Told, n)
	for i := range told {
		k := first + i
		told[i] = Told{Addr: fmt.Sprintf("%d.%d.%d.9:9108", 20+k%60, k/60%250, k/15000), Services: 1, Seen: at}
	}
	return told
}

// TestFloodHasItsShare checks that fifty addresses from one peer, among thousands
// from many, and thousands from one peer among fifty from many, are picked no more
// often than the one source they are.
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
				b, now := bookAt(seed)
				flood := heard(0, test.flood, *now)
				if seed%2 == 0 { // before the others and after them
					b.Learn("9.9.9.9:9108", flood)
				}
				for s := range test.sources {
					b.Learn(fmt.Sprintf("8.%d.0.1:9108", s), heard(6000+s*test.other, test.other, *now))
				}
				b.Learn("9.9.9.9:9108", flood)

				theirs := make(map[string]bool)
				for _, f := range flood {
					theirs[f.Addr] = true
				}
				const picks = 1500
				hits, held := 0, 0
				for range picks {
					addr, ok := b.Pick(anyAddress, anywhere)
					if !ok {
						t.Fatal("nothing to pick")
					}
					if theirs[addr] {
						hits++
					}
				}
				for addr := range b.entries {
					if theirs[addr] {
						held++
					}
				}
				share := float64(hits) / picks
				fair := 1 / float64(test.sources+1)
				if share > 1.5*fair || share < fair/2 {
					t.Errorf("seed %d: a share of %.3f of the picks, want about %.3f", seed, share, fair)
				}
				if held > maxOfSource || held == 0 {
					t.Errorf("seed %d: %d of its addresses in the book, at most %d", seed, held, maxOfSource)
				}
			}
		})
	}
}

// TestFloodDisplacesNobody checks that whatever is told, addresses that a node was
// met at stay, and so does what fewer told.
func TestFloodDisplacesNobody(t *testing.T) {
	b, now := bookAt(1)
	met := heard(0, 100, *now)
	for _, m := range met {
		b.Worked(m.Addr, 1)
	}
	modest := heard(200, 20, *now)
	b.Learn("8.8.0.1:9108", modest)
	for s := range 100 {
		b.Learn(fmt.Sprintf("9.%d.0.1:9108", s), heard(1000+s*300, 300, *now))
	}
	for _, a := range slices.Concat(met, modest) {
		if b.entries[a.Addr] == nil {
			t.Errorf("%s was displaced", a.Addr)
		}
	}
	if _, untested := b.Len(); untested > maxUntested || untested < maxUntested/2 {
		t.Errorf("%d addresses in a flooded book", untested)
	}
}

// TestOneNetworkIsBounded checks that many addresses of one network do not fill
// the book.
func TestOneNetworkIsBounded(t *testing.T) {
	b, now := bookAt(1)
	for s := range 4 {
		var told []Told
		for i := range 200 {
			told = append(told, Told{Addr: fmt.Sprintf("44.44.%d.%d:9108", s, i+1), Seen: *now})
		}
		b.Learn(fmt.Sprintf("9.%d.0.1:9108", s), told)
	}
	if _, untested := b.Len(); untested != maxOfGroup {
		t.Errorf("%d addresses of one network, want %d", untested, maxOfGroup)
	}
}

// TestTestedAreBounded checks that of too many addresses that worked the one goes
// that worked longest ago.
func TestTestedAreBounded(t *testing.T) {
	b, now := bookAt(1)
	all := heard(0, maxTested+1, *now)
	for _, a := range all {
		b.Worked(a.Addr, 1)
		*now = now.Add(time.Second)
	}
	if tested, _ := b.Len(); tested != maxTested || b.entries[all[0].Addr] != nil {
		t.Errorf("%d tested addresses, the first is among them: %v", tested, b.entries[all[0].Addr] != nil)
	}
}

// TestWhatIsLearned checks which addresses are taken at their word.
func TestWhatIsLearned(t *testing.T) {
	onion := onionName([32]byte{1, 2, 3})
	for addr, want := range map[string]int{
		"44.1.2.3:9108":         1,
		"[2a00:1450::1]:9108":   1,
		onion + ":9108":         1,
		"10.1.2.3:9108":         0,
		"127.0.0.1:9108":        0,
		"[fe80::1]:9108":        0,
		"44.1.2.3:0":            0,
		"44.1.2.3:65536":        0,
		"44.1.2.3":              0,
		"example.org:9108":      0,
		"b" + onion[1:] + ":99": 0, // the checksum is that of another name
	} {
		b, now := bookAt(1)
		if got := b.Learn("9.9.9.9:9108", []Told{{Addr: addr, Seen: *now}}); got != want {
			t.Errorf("%s: learned %d, want %d", addr, got, want)
		}
	}
	b, now := bookAt(1)
	if b.Learn("9.9.9.9:9108", []Told{{Addr: "44.1.2.3:9108", Seen: now.Add(-maxAge - 1)}}) != 0 {
		t.Error("an address nobody has seen for long was learned")
	}
	local := NewBook(true, time.Now, rand.Uint64)
	if local.Learn("10.0.0.1:1", []Told{{Addr: "10.1.2.3:9108", Seen: time.Now()}}) != 1 {
		t.Error("a book for local networks refuses a local address")
	}
}

// TestOnionName compares with a known service: the name of its key has its
// checksum.
func TestOnionName(t *testing.T) {
	// The Tor Project's site, as its documentation prints it.
	const name = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
	if !isOnion(name) {
		t.Errorf("%s is refused", name)
	}
	if isOnion("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wie.onion") || isOnion("onion") || isOnion(".onion") {
		t.Error("a wrong name is taken")
	}
}

// TestRest checks the pauses between dials of one address, and when it is given
// up.
func TestRest(t *testing.T) {
	b, now := bookAt(1)
	addr := heard(0, 1, *now)[0].Addr
	b.Worked(addr, 1)
	for i := range maxFailures {
		b.Failed(addr, true)
		rest := min(firstRest<<i, maxRest)
		*now = now.Add(rest - 1)
		if _, ok := b.Pick(anyAddress, anywhere); ok {
			t.Errorf("picked before %v after failure %d", rest, i+1)
		}
		*now = now.Add(1)
		if got, _ := b.Pick(anyAddress, anywhere); got != addr {
			t.Errorf("not picked %v after failure %d", rest, i+1)
		}
	}
	*now = now.Add(maxAge)
	b.Failed(addr, true)
	if tested, _ := b.Len(); tested != 0 {
		t.Error("an address that has not worked for a month is kept")
	}

	b.Learn("9.9.9.9:9108", heard(1, 1, *now))
	other := heard(1, 1, *now)[0].Addr
	for range 100 {
		b.Failed(other, false)
	}
	if got, _ := b.Pick(onlyUntested, anywhere); got != other {
		t.Error("failures without a network count")
	}
	for range maxNeverWorked {
		b.Failed(other, true)
	}
	if _, untested := b.Len(); untested != 0 {
		t.Error("an address that never works is kept")
	}
}
