package headersync

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of announcements without any gain: orphans, headers that are known, and
// branches that neither have more work nor are longer than what the peer announced
// before. Honest peers announce some: of a block that others were faster to announce,
// of a branch that loses, and all new blocks while ours is far behind.
const (
	// MaxIdle is how many headers without gain are forgiven: as many as a message
	// holds.
	MaxIdle = FullBatch

	// idleForgiven is how many are forgiven per second.
	idleForgiven = 2

	// A peer that maxHollow times in a row announced unknown blocks by their hashes and then
	// had none is asked because of such an announcement once in hollowPause.
	maxHollow   = 8
	hollowPause = 5 * time.Second
)

// gain measures what the announcements of one peer have brought.
type gain struct {
	// top is the greatest height that the peer has announced, idle the number of
	// headers it has announced without any gain, less what was forgiven until idleAt.
	top    consensus.Height
	idle   float64
	idleAt time.Time

	// hollow is the number of answers in a row that brought nothing although the peer had
	// announced an unknown block by its hash; byHash says that the next one is such an answer.
	hollow int
	byHash bool
}

// charge records that headers were announced without any gain. It reports false if that has
// happened too often.
func (g *gain) charge(headers int, now time.Time) bool {
	g.idle = max(0, g.idle-idleForgiven*now.Sub(g.idleAt).Seconds()) + float64(headers)
	g.idleAt = now
	return g.idle <= MaxIdle
}

// announced records what announced headers up to a height have changed, nil if they were refused,
// on a chain with a tip of the given height. It reports false if too much was announced without
// any gain.
func (g *gain) announced(headers int, last, tip consensus.Height, ext *chain.Extension, now time.Time) bool {
	switch {
	case ext == nil:
	case ext.Added > 0:
		g.top, g.idle = last, 0
		return true
	case last > g.top && last > tip-FullBatch:
		g.top = last
		return true
	}
	return g.charge(headers, now)
}

// trusts reports whether an unknown block that is announced by its hash is a reason to ask the
// peer, which last answered some time ago. What is not asked for then is asked for when that
// answer has become old.
func (g *gain) trusts(ago time.Duration) bool { return g.hollow < maxHollow || ago >= hollowPause }

// answered records whether an answer of the peer has brought headers.
func (g *gain) answered(brought bool) {
	switch {
	case brought:
		g.hollow = 0
	case g.byHash:
		g.hollow++
	}
	g.byHash = false
}

// charge records that a peer has announced headers without any gain. It reports false
// if it has done so too often.
func (s *peerTips) charge(id p2p.PeerID, headers int, now time.Time) bool {
	w := s.peers[id]
	return w == nil || w.gain.charge(headers, now)
}

// announced records what headers that a peer announced have changed, nil if they were
// refused, on a chain with a tip of the given height. It reports false if the peer has
// announced too much without any gain.
func (s *peerTips) announced(b prepared, ext *chain.Extension, tip consensus.Height, now time.Time) bool {
	w := s.peers[b.from]
	if w == nil || b.batch == nil || len(b.batch.Headers) == 0 {
		return true
	}
	last := b.batch.Headers[len(b.batch.Headers)-1].Height()
	return w.gain.announced(len(b.batch.Headers), last, tip, ext, now)
}

// trusts reports whether a peer is to be asked because it announces an unknown block by its
// hash.
func (s *peerTips) trusts(id p2p.PeerID, now time.Time) bool {
	w := s.peers[id]
	return w != nil && w.gain.trusts(now.Sub(w.since))
}

// brought records whether an answer of a peer has brought headers.
func (s *peerTips) brought(id p2p.PeerID, headers bool) {
	if w := s.peers[id]; w != nil {
		w.gain.answered(headers)
	}
}
