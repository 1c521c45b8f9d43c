package early

import "github.com/spvd/spvd/spv/consensus"

// Proof is how far the early filters of a chain are hashed, and whether they are the known ones.
type Proof struct {
	params *consensus.Params
	hash   consensus.EarlyFilterHash // may go further than the filters after some were taken back
	proven bool
}

// New returns the proof of a chain on which only the filter of the genesis block is, and that is
// not hashed yet.
func New(p *consensus.Params) Proof {
	return Proof{params: p, hash: consensus.NewEarlyFilterHash(), proven: p.DCP0005 == 0}
}

// Proven reports whether the early filters are there and the known ones, or are below the floor.
func (e *Proof) Proven() bool { return e.proven }

// Hash returns a copy of the hash over the early filters, or nil on networks without any.
func (e *Proof) Hash() *consensus.EarlyFilterHash {
	if e.params.DCP0005 == 0 {
		return nil
	}
	hash := e.hash
	return &hash
}

// Load takes over a hash that was stored with a chain whose filters begin at the floor and end at
// a height. The function returns the filter of the block at DCP0005, and is called only if the
// chain has it; its error is that of Load.
func (e *Proof) Load(hash *consensus.EarlyFilterHash, floor, end consensus.Height, next func() ([]byte, error)) error {
	active := e.params.DCP0005
	e.hash, e.proven = *hash, floor >= active
	if e.proven || end < active-1 {
		return nil
	}
	var after []byte
	if end >= active {
		var err error
		if after, err = next(); err != nil {
			return err
		}
	}
	e.check(after)
	return nil
}

// CatchUp makes the hash go exactly as far as the filters, the last of which is at a height. After
// some were taken back it has to start again: each then calls fn with all early filters in order,
// and its error is that of CatchUp.
func (e *Proof) CatchUp(end consensus.Height, each func(fn func(filter []byte)) error) error {
	if e.hash.Next() <= min(end+1, e.params.DCP0005) {
		return nil
	}
	hash := consensus.NewEarlyFilterHash()
	if err := each(hash.Add); err != nil {
		return err
	}
	e.hash = hash
	return nil
}

// Add hashes those of the filters that come next, of a chain with a floor, which are early ones.
// With the last of these it finds out whether they are the known ones.
func (e *Proof) Add(b *consensus.FilterBatch, floor consensus.Height) {
	first, active := b.First().Height, e.params.DCP0005
	if first > active || floor >= active {
		return
	}
	for i := 0; i < b.Len() && e.hash.Next() < active; i++ {
		e.hash.Add(b.Filter(i))
	}
	if e.hash.Next() < active {
		return
	}
	var after []byte
	if i := int(active - first); i < b.Len() {
		after = b.Filter(i)
	}
	e.check(after)
}

// check compares the hash over all early filters with the known one. The filter at DCP0005 is nil
// if it is not there yet.
func (e *Proof) check(after []byte) {
	if after != nil {
		after = append([]byte{}, after...) // an empty filter is there, too
	}
	e.proven = e.hash.Check(e.params, after) == nil
}

// TakenBack records that the filters above a height were taken back, and where the floor is now.
func (e *Proof) TakenBack(to, floor consensus.Height) {
	active := e.params.DCP0005
	e.proven = floor >= active || e.proven && to >= active
}

// Restart records that the filter of the genesis block is the only early one.
func (e *Proof) Restart(genesisFilter []byte) {
	*e = New(e.params)
	if !e.proven {
		e.hash.Add(genesisFilter)
	}
}

// Skip records that the floor is at DCP0005 or above.
func (e *Proof) Skip() { e.hash, e.proven = consensus.NewEarlyFilterHash(), true }
