package dialing

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

// TestPace counts the dials of every minute while dials are requested at random rates.
func TestPace(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		var p Pace
		var dials []time.Time
		now := start
		for range 2000 {
			dials = append(dials, now.Add(p.Reserve(now)))
			if r.IntN(3) == 0 {
				now = now.Add(time.Duration(r.Int64N(int64(time.Duration(1+seed) * time.Second))))
			}
		}
		for i, at := range dials {
			j := i
			for j < len(dials) && dials[j].Sub(at) < time.Minute {
				j++
			}
			if j-i >= 60 {
				t.Fatalf("seed %d: %d dials within a minute", seed, j-i)
			}
		}
	}
	var p Pace
	for i := range burst {
		if w := p.Reserve(start); w != 0 {
			t.Errorf("dial %d waits for %v", i, w)
		}
	}
	if w := p.Reserve(start); w != interval {
		t.Errorf("after a burst a dial waits for %v", w)
	}
	if w := p.Reserve(start.Add(time.Hour)); w != 0 {
		t.Errorf("after an hour a dial waits for %v", w)
	}
}

// ask runs Seeding over a time and returns when seeders were asked.
func ask(s *Seeding, length time.Duration, need func(after time.Duration) Need, answered bool) (asked []time.Duration) {
	for d := time.Duration(0); d < length; d += time.Second {
		n := need(d)
		if s.Due(n, start.Add(d)) {
			asked = append(asked, d)
			s.Asked(start.Add(d), answered, func(d time.Duration) time.Duration { return d })
		}
	}
	return asked
}

// TestSeedersAreAskedInEachDeadEnd checks after how long seeders are asked first, and that
// they are asked although the book is full of addresses.
func TestSeedersAreAskedInEachDeadEnd(t *testing.T) {
	for name, test := range map[string]struct {
		need Need
		want time.Duration
	}{
		"empty book":                  {Need{Missing: true}, 0},
		"addresses never met":         {Need{Missing: true, Dialable: true}, graceUnknown},
		"addresses met lately":        {Need{Missing: true, Dialable: true, Recent: true}, graceUsual},
		"one connection of a few":     {Need{Missing: true, Connected: true, Dialable: true, Recent: true}, graceUsual},
		"all that is known is in use": {Need{Missing: true, Connected: true, Recent: true}, 0},
		"a tip that is overdue":       {Need{Connected: true, Dialable: true, Recent: true, Searching: true}, graceSearch},
		"nothing missing":             {Need{Connected: true, Dialable: true, Recent: true}, -1},
	} {
		var s Seeding
		asked := ask(&s, 30*time.Minute, func(time.Duration) Need { return test.need }, true)
		switch {
		case test.want < 0:
			if len(asked) != 0 {
				t.Errorf("%s: asked %v", name, asked)
			}
		case len(asked) == 0 || asked[0] != test.want:
			t.Errorf("%s: asked after %v, want %v", name, asked, test.want)
		}
	}
}

// TestSeedersAreLeftAlone checks how often seeders are asked in a day of missing
// connections.
func TestSeedersAreLeftAlone(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		need     Need
		answered bool
		most     int
	}{
		"few nodes exist":        {Need{Missing: true, Connected: true, Recent: true}, true, 15},
		"no peer can be reached": {Need{Missing: true}, true, 4*4 + 24},
		"no seeder answers":      {Need{Missing: true, Connected: true, Recent: true}, false, 15},
		"no network":             {Need{Missing: true}, false, 24*6 + 4},
	} {
		var s Seeding
		if n := len(ask(&s, day, func(time.Duration) Need { return test.need }, test.answered)); n > test.most || n < 5 {
			t.Errorf("%s: asked %d times in a day, at most %d", name, n, test.most)
		}
	}
	// Connections that are made and lost do not raise the number of requests.
	var s Seeding
	flapping := func(after time.Duration) Need {
		if after/(3*time.Minute)%2 == 0 {
			return Need{Missing: true, Connected: true, Dialable: true, Recent: true}
		}
		return Need{Connected: true, Dialable: true, Recent: true}
	}
	if n := len(ask(&s, day, flapping, true)); n > 20 {
		t.Errorf("with connections that are made and lost asked %d times in a day", n)
	}
	// After a day with all connections the pauses restart with the first.
	s = Seeding{}
	later := func(after time.Duration) Need {
		return Need{Missing: after < 12*time.Hour || after > 20*time.Hour, Connected: true, Dialable: true, Recent: true}
	}
	asked := ask(&s, day, later, true)
	if !slices.ContainsFunc(asked, func(d time.Duration) bool { return d > 20*time.Hour && d <= 20*time.Hour+2*time.Minute }) {
		t.Errorf("after hours with all connections asked at %v", asked)
	}
}

// TestSeedersAreAskedWithoutPeers checks that seeders are asked each quarter of an hour while
// there is no peer, whatever they have answered, at first and when the last peer is lost.
func TestSeedersAreAskedWithoutPeers(t *testing.T) {
	for name, lost := range map[string]time.Duration{"from the start": 0, "later": 40 * time.Hour} {
		var s Seeding
		need := func(after time.Duration) Need {
			return Need{Missing: true, Connected: after < lost, Dialable: true}
		}
		last, in := lost, 0
		for _, at := range ask(&s, lost+3*time.Hour, need, true) {
			switch {
			case at < lost:
				continue
			case at-last > maxLonely, lost == 0 && at-last > maxAlone:
				t.Errorf("%s: not asked from %v to %v after", name, last-lost, at-lost)
			}
			last = at
			in++
		}
		if in < 3 {
			t.Errorf("%s: asked %d times in three hours without a peer", name, in)
		}
	}
}

// TestSearchAsksAgain checks that during a search for other peers seeders are asked soon
// although the pauses have grown to hours, and that searches in a row do not ask often.
func TestSearchAsksAgain(t *testing.T) {
	var s Seeding
	need := func(after time.Duration) Need {
		return Need{Missing: true, Connected: true, Dialable: true, Recent: true,
			Searching: after >= 9*time.Hour+30*time.Minute && after < 10*time.Hour || after > 12*time.Hour && after/time.Minute%2 == 0}
	}
	asked := ask(&s, 24*time.Hour, need, true)
	begin := 9*time.Hour + 30*time.Minute
	if !slices.ContainsFunc(asked, func(d time.Duration) bool { return d >= begin && d <= begin+graceUsual }) {
		t.Errorf("asked at %v, want it soon after %v", asked, begin)
	}
	if n := len(asked); n > 12*6+20 {
		t.Errorf("asked %d times", n)
	}
}

// full returns a state with eight connections in as many groups.
func full() State {
	s := State{Now: start, Since: start, Wanted: 8, RotateAt: start.Add(time.Hour)}
	for i := range 8 {
		s.Slots = append(s.Slots, Slot{ID: i + 1, Group: string(rune('a' + i)), Purpose: Fill, Connected: true,
			Since: start.Add(time.Duration(i-100) * time.Hour), Best: 100, News: start.Add(time.Duration(-i) * time.Minute)})
	}
	s.LastNews = start
	return s
}

// TestDecide lists states and their decisions.
func TestDecide(t *testing.T) {
	extra := func(p Purpose, best uint32, since time.Duration) Slot {
		return Slot{ID: 9, Group: "x", Purpose: p, Connected: true, Since: start.Add(-since), Best: best, Base: 100, News: start}
	}
	for name, test := range map[string]struct {
		change  func(*State)
		dial    Purpose
		promote []int
		leave   []Leave
	}{
		"all is well":               {func(*State) {}, None, nil, nil},
		"one is missing":            {func(s *State) { s.Slots = s.Slots[:7] }, Fill, nil, nil},
		"one is being made":         {func(s *State) { s.Slots[3].Connected = false }, None, nil, nil},
		"time for another peer":     {func(s *State) { s.RotateAt = s.Now }, Rotate, nil, nil},
		"the other peer is there":   {func(s *State) { s.Slots = append(s.Slots, extra(Rotate, 0, 0)) }, None, []int{9}, []Leave{{8, Surplus}}},
		"two in one group":          {func(s *State) { s.Slots[4].Group = "a" }, None, nil, nil},
		"two in one group, another": {func(s *State) { s.Slots[4].Group, s.Unused = "a", true }, Diversify, nil, nil},
		"another group is there":    {func(s *State) { s.Slots[4].Group = "a"; s.Slots = append(s.Slots, extra(Diversify, 100, 0)) }, None, []int{9}, []Leave{{5, Surplus}}},
		"searching":                 {func(s *State) { s.Searching = true }, Search, nil, nil},
		"searching, two are there": {func(s *State) {
			s.Searching = true
			s.Slots = append(s.Slots, extra(Search, 0, time.Second), Slot{ID: 10, Purpose: Search})
		}, None, nil, nil},
		"searching, no better": {func(s *State) {
			s.Searching = true
			s.Slots = append(s.Slots, extra(Search, 100, firstDwell), Slot{ID: 10, Purpose: Search})
		}, Search, nil, []Leave{{9, NotBetter}}},
		"searching, better, others new": {func(s *State) {
			s.Searching, s.StaleAfter = true, time.Hour
			s.Slots = append(s.Slots, extra(Search, 101, time.Second), Slot{ID: 10, Purpose: Search})
		}, Search, []int{9}, []Leave{{8, Surplus}}},
		"searching, better": {func(s *State) {
			s.Searching, s.StaleAfter = true, 20*time.Minute
			s.Slots = append(s.Slots, extra(Search, 101, time.Second), Slot{ID: 10, Purpose: Search})
		}, Search, []int{9}, []Leave{{8, Behind}}},
		"searching for long": {func(s *State) {
			s.Searching, s.Since = true, s.Now.Add(-HastyFor)
			s.Slots = append(s.Slots, extra(Search, 100, firstDwell), Slot{ID: 10, Purpose: Search})
		}, None, nil, nil},
		"the search is over":       {func(s *State) { s.Slots = append(s.Slots, extra(Search, 0, time.Second)) }, None, []int{9}, []Leave{{8, Surplus}}},
		"the search was over long": {func(s *State) { s.Slots = append(s.Slots, extra(Search, 0, laterDwell)) }, None, nil, []Leave{{9, NotBetter}}},
		"one is behind":            {func(s *State) { s.StaleAfter, s.Slots[2].News = time.Hour, start.Add(-time.Hour) }, Fill, nil, []Leave{{3, Behind}}},
		"one is behind, not long":  {func(s *State) { s.StaleAfter, s.Slots[2].News = time.Hour, start.Add(1-time.Hour) }, None, nil, nil},
		"one is behind, another just was": {func(s *State) {
			s.StaleAfter, s.Slots[2].News, s.ReplaceAt = time.Hour, start.Add(-time.Hour), start.Add(1)
		}, None, nil, nil},
		"all are behind": {func(s *State) {
			s.StaleAfter, s.LastNews = time.Hour, start.Add(-2*time.Hour)
			for i := range s.Slots {
				s.Slots[i].News = s.LastNews
			}
		}, None, nil, nil},
	} {
		s := full()
		test.change(&s)
		d := Decide(s)
		if d.Dial != test.dial || !slices.Equal(d.Promote, test.promote) || !slices.Equal(d.Leave, test.leave) {
			t.Errorf("%s: dial %v, promote %v, leave %v, want %v, %v, %v", name, d.Dial, d.Promote, d.Leave, test.dial, test.promote, test.leave)
		}
	}
}

// TestDecideKeepsTheNumber applies decisions to random states until nothing is left to do,
// and checks that there are never more than two connections beyond the wanted number, and
// that number in the end.
func TestDecideKeepsTheNumber(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := State{Now: start, Wanted: 1 + r.IntN(8), StaleAfter: time.Hour}
		id := 0
		for step := range 300 {
			s.Now = s.Now.Add(time.Duration(r.Int64N(int64(5 * time.Minute))))
			s.Searching = step < 250 && r.IntN(3) == 0
			s.Unused = r.IntN(2) == 0
			d := Decide(s)
			for _, id := range d.Promote {
				s.Slots[slices.IndexFunc(s.Slots, func(x Slot) bool { return x.ID == id })].Purpose = Fill
			}
			for _, l := range d.Leave {
				s.Slots = slices.DeleteFunc(s.Slots, func(x Slot) bool { return x.ID == l.ID })
			}
			if d.Rotated {
				s.RotateAt = s.Now.Add(time.Hour)
			}
			if d.Dial != None {
				id++
				s.Slots = append(s.Slots, Slot{ID: id, Group: string(rune('a' + r.IntN(20))), Purpose: d.Dial})
			}
			for i := range s.Slots {
				x := &s.Slots[i]
				if !x.Connected {
					x.Connected, x.Since, x.News = true, s.Now, s.Now
				} else if r.IntN(4) == 0 {
					x.Best, x.News, s.LastNews = uint32(step), s.Now, s.Now
				}
			}
			if n := len(s.Slots); n > s.Wanted+maxSearch {
				t.Fatalf("seed %d, step %d: %d connections, %d wanted", seed, step, n, s.Wanted)
			}
		}
		if n := s.count(Fill); n < s.Wanted-1 || n > s.Wanted {
			t.Errorf("seed %d: %d connections in the end, want %d", seed, n, s.Wanted)
		}
	}
}

// TestShare checks how many connections one group gets.
func TestShare(t *testing.T) {
	for groups, want := range map[int]int{0: 8, 1: 8, 2: 4, 3: 3, 4: 2, 7: 2, 8: 1, 100: 1} {
		if got := Share(8, groups); got != want {
			t.Errorf("%d groups: %d connections each, want %d", groups, got, want)
		}
	}
}
