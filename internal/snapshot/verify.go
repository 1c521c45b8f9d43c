package snapshot

import (
	"context"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Verified says how far a snapshot is proven.
type Verified struct {
	// Last is the last block up to which everything is proven.
	Last consensus.BlockID

	// Segments is the number of segments that are proven as a whole.
	Segments int

	// Work is the work of the chain up to Last, and EnoughWork says whether that is the
	// least that the network is known to have. A snapshot that ends below the newest
	// waypoint may have less.
	Work       uint256.Uint256
	EnoughWork bool

	// EarlyProven is set if all filters below DCP0005 are there and the known ones. If it
	// is not set with Last below DCP0005, nothing proves the filters.
	EarlyProven bool
}

// Verify proves a whole snapshot without a store and without a network: the SHA-256 of each
// file, and all rules for each header and each filter from the genesis block on, with the
// known blocks and the least known work. Progress is called after each segment. The error
// is a [*Fault] or the cause of ctx, and what is returned with it is what was proven before.
func Verify(
	ctx context.Context, src Source, p *consensus.Params, now time.Time, progress func(Verified),
) (Verified, error) {
	v, err := newVerifier(p, now)
	if err != nil {
		return Verified{}, err
	}
	m, err := Load(ctx, src, p)
	if err != nil {
		return v.state(), err
	}
	r := Reader{Params: p, Source: src, Manifest: m, Sums: true}
	err = r.Run(ctx, func(piece *Piece) error {
		if err := v.add(piece); err != nil {
			return err
		}
		if v.tip.Height == piece.Segment.Last {
			v.segments++
			progress(v.state())
		}
		return nil
	})
	if err != nil {
		return v.state(), err
	}
	return v.state(), CheckWork(p, v.tip.Height, v.work)
}

// CheckWork returns a [*Fault] for a chain that ends at or above the newest waypoint with
// less than the least work that the network is known to have.
func CheckWork(p *consensus.Params, last consensus.Height, work uint256.Uint256) error {
	if n := len(p.Waypoints); n > 0 && last < p.Waypoints[n-1].Height || consensus.EnoughWork(p, work) {
		return nil
	}
	return fault(LowWork, "its chain up to block %d took %v hashes, and the network is known to have taken at least %v",
		last, work, p.ChainParams.MinKnownChainWork)
}

// verifier is the branch below the next block.
type verifier struct {
	params *consensus.Params
	now    time.Time

	recent      []consensus.Header // a ring of the newest ones, by height
	anchor      *consensus.Header  // the block at ASERTAnchor, once there is one
	tip         consensus.BlockID
	work        uint256.Uint256
	early       consensus.EarlyFilterHash
	earlyProven bool
	segments    int
}

func newVerifier(p *consensus.Params, now time.Time) (*verifier, error) {
	v := &verifier{
		params: p, now: now,
		recent:      make([]consensus.Header, consensus.Reach(p)+1),
		tip:         consensus.BlockID{Hash: p.ChainParams.GenesisHash},
		early:       consensus.NewEarlyFilterHash(),
		earlyProven: p.DCP0005 == 0,
	}
	genesis := p.Genesis()
	v.recent[0] = genesis
	if p.ASERTAnchor == 0 {
		v.anchor = &genesis
	}
	v.work = consensus.Work(genesis.Bits())
	filter, err := consensus.GenesisFilter(p)
	v.early.Add(filter)
	return v, err
}

func (v *verifier) state() Verified {
	return Verified{
		Last: v.tip, Segments: v.segments, Work: v.work,
		EnoughWork: consensus.EnoughWork(v.params, v.work), EarlyProven: v.earlyProven,
	}
}

// At implements consensus.Ancestors.
func (v *verifier) At(h consensus.Height) *consensus.Header {
	switch {
	case h < 0 || h > v.tip.Height:
		return nil
	case int(v.tip.Height-h) < len(v.recent):
		return &v.recent[int(h)%len(v.recent)]
	case h == v.params.ASERTAnchor:
		return v.anchor
	}
	return nil
}

// add checks a piece by the rules that need ancestors, and puts it on the branch.
func (v *verifier) add(piece *Piece) error {
	for i := range piece.Headers.Headers {
		if err := v.header(&piece.Headers.Headers[i], piece.Headers.Hashes[i]); err != nil {
			return fault(Invalid, "a header is wrong").because(err).of(piece.Segment)
		}
	}
	if err := v.filters(piece.Filters); err != nil {
		return fault(Invalid, "the filters up to it are wrong").because(err).of(piece.Segment)
	}
	return nil
}

func (v *verifier) header(h *consensus.Header, hash chainhash.Hash) error {
	if h.PrevBlock() != v.tip.Hash {
		return consensus.NewRuleError(consensus.RuleLink, h, "want parent %v, got %v", v.tip.Hash, h.PrevBlock())
	}
	if err := consensus.CheckContext(v.params, v, h, v.now); err != nil {
		return err
	}
	id := consensus.BlockID{Height: h.Height(), Hash: hash}
	if err := consensus.CheckWaypoint(v.params, id); err != nil {
		return err
	}
	v.tip = id
	v.recent[int(id.Height)%len(v.recent)] = *h
	if id.Height == v.params.ASERTAnchor {
		anchor := *h
		v.anchor = &anchor
	}
	work := consensus.Work(h.Bits())
	v.work.Add(&work)
	return nil
}

// filters hashes the early ones, and compares the hash when all of them are there.
func (v *verifier) filters(b *consensus.FilterBatch) error {
	first, active := b.First().Height, v.params.DCP0005
	if first > active || active == 0 {
		return nil
	}
	for i := 0; i < b.Len() && v.early.Next() < active; i++ {
		v.early.Add(b.Filter(i))
	}
	if v.early.Next() < active {
		return nil
	}
	var next []byte
	if i := int(active - first); i < b.Len() {
		next = slices.Concat([]byte{}, b.Filter(i))
	}
	err := v.early.Check(v.params, next)
	v.earlyProven = err == nil
	if next == nil {
		return nil // the filter after them may be part of the hash
	}
	return err
}
