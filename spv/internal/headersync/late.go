package headersync

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Proving returns the number of jobs that prove late replies.
func (s *Sync) Proving() int { return s.proving }

// ProveLate starts a job that checks the payload of a headers message that arrived late, and puts
// headers that are new on the chain: then their peer is asked for what follows. If they do not
// connect, that is no fault.
func (s *Sync) ProveLate(id p2p.PeerID, locator []chainhash.Hash, payload []byte) {
	s.proving++
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		b := s.checkAnswer(id, locator, payload)
		b.late = true
		return func() error {
			s.proving--
			return s.applyLate(b)
		}
	})
}

// applyLate puts headers that arrived late on the chain. The error is that of the store.
func (s *Sync) applyLate(b prepared) error {
	ext, err := s.extend(b, true)
	if err != nil || ext == nil || ext.Added+ext.Side == 0 {
		return err
	}
	now := time.Now()
	s.tips.progressed(b.from, now)
	if s.takenBack(b, ext) {
		s.fetchTailFrom(b.from, now)
		return nil
	}
	s.tips.reopen(b.from, now)
	return nil
}
