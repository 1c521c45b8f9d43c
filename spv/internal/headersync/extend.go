package headersync

import (
	"errors"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/defect"
	"github.com/spvd/spvd/spv/p2p"
)

// extend puts a batch on the chain. It returns nil without an error when the
// batch was refused: then its sender has failed in the tips of peers, and has been
// accused if what it sent is proven wrong. Headers that do not connect are no
// fault of an announcement: its sender is asked for those between.
func (s *Sync) extend(b prepared, asked bool) (*chain.Extension, error) {
	now := time.Now()
	if s.deps.Defects.Report(b.err) {
		s.tips.refused(b.from, false, now)
		return nil, nil
	}
	var ext chain.Extension
	err := b.err
	var broken *consensus.RuleError
	if err == nil || errors.As(err, &broken) && b.batch != nil && len(b.batch.Headers) > 0 {
		var refused error // also if one of the headers after these broke a rule
		ext, refused = defect.Contain(b.from, func() (chain.Extension, error) {
			return s.store.Extend(b.batch, uint64(s.tips.source(b.from)), s.deps.Now())
		})
		var failed *defect.Error
		if errors.As(refused, &failed) { // the store may be halfway
			return nil, refused
		}
		if err == nil || refused != nil && !errors.Is(refused, chain.ErrOrphan) {
			err = refused
		}
	}
	staged := s.store.Staged()
	s.endDispute(&staged.Work)
	if ext.Reorg != nil { // also if a later header of the batch is refused
		s.changes.Reorgs = append(s.changes.Reorgs, ext.Reorg)
		s.tail.restart(false, now) // what it has fetched does not continue this chain
	}
	switch {
	case errors.Is(err, chain.ErrOrphan), errors.Is(err, ErrGoesBack):
		s.deps.Log.Debug("Headers lead nowhere", "peer", b.from, "err", err)
		switch {
		case b.late && errors.Is(err, ErrGoesBack):
			s.useless(b.from, err)
		case b.late: // what they follow may have been given up with the request
		case !asked:
			s.tips.reopen(b.from, now)
		case errors.Is(err, ErrGoesBack):
			s.useless(b.from, err)
			fallthrough
		default:
			s.tips.refused(b.from, false, now)
		}
		return nil, nil
	case errors.As(err, &broken):
		s.refuse(b.from, broken, &ext)
		return nil, nil
	case errors.Is(err, consensus.ErrOutOfReach):
		// It says nothing about the headers. A long side branch may need an ancestor
		// that was not kept.
		s.deps.Log.Warn("Headers cannot be checked", "peer", b.from, "err", err)
		s.tips.say(b.from, failed, now)
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.refusals.accepted(b.from)
	s.denials.passed(staged.Tip.Height)
	if n := len(b.batch.Hashes); n > 0 && b.batch.Hashes[n-1] == staged.Tip.Hash {
		s.deps.Peers.Credit(b.from, uint32(staged.Tip.Height))
	}
	return &ext, nil
}

// refuse takes the consequences of headers that break a rule.
func (s *Sync) refuse(id p2p.PeerID, broken *consensus.RuleError, ext *chain.Extension) {
	s.tips.refused(id, true, time.Now())
	s.refusals.add(id, broken)
	if broken.Rule == consensus.RuleWaypoint {
		s.deps.Log.Warn("Headers refused", "peer", id, "err", broken)
		s.contradicted(id, broken, ext)
		return
	}
	if s.disputed(id, broken) {
		s.deps.Log.Debug("Headers refused", "peer", id, "err", broken)
		return
	}
	s.deps.Log.Warn("Headers refused", "peer", id, "err", broken)
	s.accuse(id, broken)
}

// accuse reports a broken rule to the pool, unless it may be our clock that is wrong: then users
// are warned.
func (s *Sync) accuse(id p2p.PeerID, broken *consensus.RuleError) {
	if broken.Rule.Proven() {
		s.deps.Peers.Accuse(id, broken)
	}
	if broken.Rule == consensus.RuleFutureTime {
		s.changes.Future = append(s.changes.Future, broken.Block.Height)
	}
}

// contradicted takes the consequences of headers that go around a waypoint. If our chain
// holds it, they lead nowhere, and the ban score of their host rises. If not,
// that counts only if their chain has the network's minimum known work: anyone can make up
// one with less.
func (s *Sync) contradicted(id p2p.PeerID, broken *consensus.RuleError, ext *chain.Extension) {
	if consensus.CheckWaypoint(s.deps.Params, broken.Block) == nil || broken.Block.Height <= s.store.Staged().Tip.Height {
		s.useless(id, broken)
		return
	}
	if !consensus.EnoughWork(s.deps.Params, ext.Reached) {
		return
	}
	source := s.deps.Peers.Group(id)
	if w := s.tips.peers[id]; source == "" && w != nil {
		source = w.host
	}
	s.denials.add(source, broken.Block.Height, time.Now())
	s.denials.passed(s.store.Staged().Tip.Height)
}

// useless reports that a peer sends, again and again, what brings nothing.
func (s *Sync) useless(id p2p.PeerID, what error) {
	s.deps.Log.Debug("Useless messages", "peer", id, "what", what)
	s.deps.Peers.Useless(id, what)
}
