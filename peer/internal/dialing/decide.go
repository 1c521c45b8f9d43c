package dialing

import (
	"cmp"
	"slices"
	"time"
)

// Limits on the search for other peers.
const (
	maxSearch   = 2                // connections beyond the wanted number
	firstDwell  = 20 * time.Second // for a peer to send newer blocks than the others,
	laterDwell  = 2 * time.Minute  // and after HastyFor
	HastyFor    = 20 * time.Minute
	ReplaceWait = 10 * time.Minute // between two peers that are replaced because they are behind
)

// Why is why a connection is ended.
type Why uint8

// The reasons.
const (
	Nothing   Why = iota
	NotBetter     // it was made to find newer blocks, and its peer has none
	Behind        // other peers have sent blocks of the best chain, and this one has not
	Surplus       // another peer has its place
)

// Leave is a connection to end, and why.
type Leave struct {
	ID  int
	Why Why
}

// Decision is the next step.
type Decision struct {
	Promote []int   // connections that become some of the wanted number
	Leave   []Leave // connections to end
	Dial    Purpose // the connection to make, None for none
	Rotated bool    // a peer was replaced for variety
}

// Decide returns the next step from a state. The caller calls it again after each change.
func Decide(s State) Decision {
	s.Slots = slices.Clone(s.Slots)
	var d Decision
	for i := range s.Slots {
		if x := &s.Slots[i]; x.Connected {
			d.judge(&s, x)
		}
	}
	d.leaveBehind(&s)
	d.Dial = s.toDial()
	return d
}

// judge decides about a connection beyond the wanted number.
func (d *Decision) judge(s *State, x *Slot) {
	switch x.Purpose {
	case Diversify:
		d.promote(s, x, s.duplicate(x))
	case Rotate:
		d.Rotated = true
		d.promote(s, x, s.youngest(x, func(*Slot) bool { return true }))
	case Search:
		limit := firstDwell
		if s.Now.Sub(s.Since) >= HastyFor {
			limit = laterDwell
		}
		switch old := s.Now.Sub(x.Since) >= limit; {
		case x.Best > x.Base, !s.Searching && !old:
			d.promote(s, x, s.mostBehind(x))
		case old:
			d.leave(x, NotBetter)
		}
	}
}

// promote counts a connection among the wanted number, and ends another one if there would be
// too many: the given one, or else the youngest.
func (d *Decision) promote(s *State, x, instead *Slot) {
	x.Purpose = Fill
	d.Promote = append(d.Promote, x.ID)
	if instead == nil && s.count(Fill) > s.Wanted {
		instead = s.youngest(x, func(*Slot) bool { return true })
	}
	switch {
	case instead == nil:
	case s.count(Fill) > s.Wanted, s.has(instead.Group, instead):
		why := Surplus
		if instead.Best < x.Best && s.StaleAfter > 0 && x.News.Sub(instead.News) >= s.StaleAfter/3 {
			why = Behind // its peer has had the time to send newer blocks
		}
		d.leave(instead, why)
	}
}

// leave adds a connection to those to end.
func (d *Decision) leave(x *Slot, why Why) {
	d.Leave = append(d.Leave, Leave{x.ID, why})
	x.Purpose, x.Connected = None, false
}

// leaveBehind ends the connection whose peer is furthest behind, if that is too far. During a
// search all peers are behind, and each new one shows whether it is better.
func (d *Decision) leaveBehind(s *State) {
	if s.StaleAfter == 0 || s.Searching || s.Now.Before(s.ReplaceAt) {
		return
	}
	if x := s.mostBehind(nil); x != nil && s.LastNews.Sub(x.News) >= s.StaleAfter {
		d.leave(x, Behind)
	}
}

// toDial returns the purpose of the next connection to make, None if there is none.
func (s *State) toDial() Purpose {
	switch {
	case s.count(Fill) < s.Wanted:
		return Fill
	case s.Searching:
		if s.count(Search) < maxSearch {
			return Search
		}
	case s.count(Diversify)+s.count(Rotate) > 0:
	case s.Unused && s.duplicate(nil) != nil:
		return Diversify
	case !s.Now.Before(s.RotateAt):
		return Rotate
	}
	return None
}

// count returns how many connections exist or are being made for a purpose.
func (s *State) count(p Purpose) (n int) {
	for i := range s.Slots {
		if s.Slots[i].Purpose == p {
			n++
		}
	}
	return n
}

// has reports whether a connection other than x of the wanted number is in a group.
func (s *State) has(group string, x *Slot) bool {
	for i := range s.Slots {
		if o := &s.Slots[i]; o != x && o.Purpose == Fill && o.Group == group {
			return true
		}
	}
	return false
}

// duplicate returns the youngest connection that shares its group with another one. It is
// never x.
func (s *State) duplicate(x *Slot) *Slot {
	return s.youngest(x, func(o *Slot) bool { return s.has(o.Group, o) })
}

// youngest returns the youngest connection for which fits returns true, nil if there is none.
// It is never x.
func (s *State) youngest(x *Slot, fits func(*Slot) bool) (youngest *Slot) {
	for i := range s.Slots {
		o := &s.Slots[i]
		if o != x && o.Connected && o.Purpose == Fill && fits(o) && (youngest == nil || o.Since.After(youngest.Since)) {
			youngest = o
		}
	}
	return youngest
}

// mostBehind returns the connection whose peer has gone longest without sending a new block of the
// best chain, nil if there is none. It is never x.
func (s *State) mostBehind(x *Slot) (last *Slot) {
	for i := range s.Slots {
		o := &s.Slots[i]
		if o == x || !o.Connected || o.Purpose != Fill {
			continue
		}
		if last == nil || cmp.Or(o.News.Compare(last.News), cmp.Compare(o.Best, last.Best)) < 0 {
			last = o
		}
	}
	return last
}

// Share returns how many connections one network group may have, given the wanted number of
// connections and the number of groups of addresses that are connected or can be dialled.
func Share(wanted, groups int) int {
	if groups <= 1 {
		return wanted
	}
	return (wanted + groups - 1) / groups
}
