package testnet

import (
	"context"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// slowGreeting is how long IsSlowToGreet takes: longer than any client waits.
const slowGreeting = 25 * time.Second

// IsSlowToGreet sends its version almost at the deadline.
type IsSlowToGreet struct{ Honest }

// Version waits.
func (f IsSlowToGreet) Version(ctx context.Context, s *Session) *wire.MsgVersion {
	s.Misdeed()
	_ = wait.For(ctx, slowGreeting) // the connection ends with ctx anyway
	return f.Honest.Version(ctx, s)
}

// ClaimsLittle claims to know nothing but the genesis block.
type ClaimsLittle struct{ Honest }

// Version lies about the height.
func (f ClaimsLittle) Version(ctx context.Context, s *Session) *wire.MsgVersion {
	s.Misdeed()
	v := f.Honest.Version(ctx, s)
	v.LastBlock = 0
	return v
}

// ClaimsMuch claims a chain that is a million blocks longer than its own.
type ClaimsMuch struct{ Honest }

// Version lies about the height.
func (f ClaimsMuch) Version(ctx context.Context, s *Session) *wire.MsgVersion {
	s.Misdeed()
	v := f.Honest.Version(ctx, s)
	v.LastBlock += 1_000_000
	return v
}

// withheld is the number of blocks at the tip that WithholdsTip withholds.
const withheld = 3

// WithholdsTip claims its true height and withholds the newest blocks.
type WithholdsTip struct{ Honest }

// Headers leaves out the newest headers.
func (f WithholdsTip) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	shown := s.Chain().Height() - withheld
	var kept []Message
	for _, m := range f.Honest.Headers(s, locator, stop) {
		headers := decodeHeaders(m)
		n := len(headers)
		for n > 0 && consensus.Height(headers[n-1].Height) > shown {
			s.Misdeed()
			n--
		}
		kept = append(kept, encodeHeaders(headers[:n]))
	}
	return kept
}

// Announce announces nothing.
func (WithholdsTip) Announce(s *Session, _ News) []Message {
	s.Misdeed()
	return nil
}

// KeepsToBranch serves a branch that leaves the node's first chain far below the tip and has
// less work. It never leaves the branch. While such a node is its only peer, the client
// follows it.
type KeepsToBranch struct {
	Honest
	Seed uint64

	once   sync.Once
	branch *Chain
}

// chain returns the branch: at most 6,200 blocks long, and at least half the chain if that
// is shorter.
func (f *KeepsToBranch) chain(s *Session) *Chain {
	f.once.Do(func() {
		c := s.Chain()
		chance := newStream(f.Seed, 5)
		depth := min(int(c.Height())/2, 2000+chance.below(4200))
		f.branch = c.Fork(c.Height()-consensus.Height(depth), max(depth*9/10, 1), f.Seed)
	})
	return f.branch
}

// Version claims the height of the branch.
func (f *KeepsToBranch) Version(ctx context.Context, s *Session) *wire.MsgVersion {
	s.Misdeed()
	v := f.Honest.Version(ctx, s)
	v.LastBlock = int32(f.chain(s).Height())
	return v
}

// Headers shows the branch.
func (f *KeepsToBranch) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	return headersOf(f.chain(s), locator, stop)
}

// CFilters serves the branch.
func (f *KeepsToBranch) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	c := f.chain(s)
	from, ok := c.Find(start)
	to, found := c.Find(end)
	if !ok || !found || from > to || to-from >= wire.MaxCFiltersV2PerBatch {
		return nil
	}
	return []Message{c.CFilters(from, to)}
}

// Block serves the branch.
func (f *KeepsToBranch) Block(s *Session, hash *chainhash.Hash) ([]Message, bool) {
	c := f.chain(s)
	h, ok := c.Find(hash)
	if !ok {
		return nil, false
	}
	return []Message{Encode(c.Block(h), s.pver)}, true
}

// Announce announces nothing.
func (*KeepsToBranch) Announce(*Session, News) []Message { return nil }
