package addrbook

import "slices"

// ranking sorts entries by a key, and the keys by their number of entries. No operation takes
// time that depends on the number of keys.
type ranking struct {
	sets   map[string]*set
	bySize [][]*set // bySize[n] are the sets of n entries
}

// set holds the entries with one key.
type set struct {
	key     string
	entries []*record
	place   int // in bySize
}

func newRanking() ranking { return ranking{sets: make(map[string]*set)} }

// of returns the entries with a key, which the caller must not change.
func (r *ranking) of(key string) []*record {
	if s := r.sets[key]; s != nil {
		return s.entries
	}
	return nil
}

// add adds an entry under a key.
func (r *ranking) add(key string, e *record) {
	s := r.sets[key]
	if s == nil {
		s = &set{key: key}
		r.sets[key] = s
	} else {
		r.unplace(s)
	}
	s.entries = append(s.entries, e)
	r.place(s)
}

// remove removes an entry from a key under which it is.
func (r *ranking) remove(key string, e *record) {
	s := r.sets[key]
	r.unplace(s)
	i := slices.Index(s.entries, e)
	last := len(s.entries) - 1
	s.entries[i] = s.entries[last]
	s.entries[last] = nil
	s.entries = s.entries[:last]
	if last == 0 {
		delete(r.sets, key)
		return
	}
	r.place(s)
}

// largest returns the entries of a key that has the most, nil if there are none.
func (r *ranking) largest() []*record {
	for _, sets := range slices.Backward(r.bySize) {
		if len(sets) > 0 {
			return sets[0].entries
		}
	}
	return nil
}

func (r *ranking) place(s *set) {
	n := len(s.entries)
	for len(r.bySize) <= n {
		r.bySize = append(r.bySize, nil)
	}
	s.place = len(r.bySize[n])
	r.bySize[n] = append(r.bySize[n], s)
}

func (r *ranking) unplace(s *set) {
	sets := r.bySize[len(s.entries)]
	last := len(sets) - 1
	sets[s.place], sets[last].place = sets[last], s.place
	sets[last] = nil
	r.bySize[len(s.entries)] = sets[:last]
}
