package testnet

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
)

// slowGreeting is how long IsSlowToGreet takes: longer than anybody waits.
const slowGreeting = 25 * time.Second

// IsSlowToGreet takes nearly as long for its version as it may.
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

// ClaimsMuch claims a chain that is longer by a million blocks than it is.
type ClaimsMuch struct{ Honest }

// Version lies about the height.
func (f ClaimsMuch) Version(ctx context.Context, s *Session) *wire.MsgVersion {
	s.Misdeed()
	v := f.Honest.Version(ctx, s)
	v.LastBlock += 1_000_000
	return v
}

// withheld is the number of blocks at the tip that WithholdsTip is quiet about.
const withheld = 3

// WithholdsTip claims its true height and keeps the newest blocks to itself.
type WithholdsTip struct{ Honest }

// Headers leaves out the newest.
func (f WithholdsTip) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	shown := s.Chain().Height() - withheld
	var kept []Message
	for _, m := range f.Honest.Headers(s, locator, stop) {
		headers := decodeHeaders(m)
		n := len(headers)
		for n > 0 && chain.Height(headers[n-1].Height) > shown {
			s.Misdeed()
			n--
		}
		kept = append(kept, encodeHeaders(headers[:n]))
	}
	return kept
}

// Announce says nothing.
func (WithholdsTip) Announce(s *Session, _ News) []Message {
	s.Misdeed()
	return nil
}
