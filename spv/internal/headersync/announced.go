package headersync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of what a peer announces.
const (
	// maxAnnounced and maxAnnouncedBytes bound the headers messages of one peer that
	// wait for their turn: as many as the pool holds. Of too many the oldest are dropped; the
	// headers after them are requested.
	maxAnnounced      = 64
	maxAnnouncedBytes = 512 << 10

	// maxLookups is the number of hashes of an inventory message that are looked for in
	// the store. A longer message is answered by a getheaders request right away.
	maxLookups = 8
)

// announcements are the headers messages of one peer that are not on the chain yet, in
// the order of their arrival. One job at a time prepares them.
type announcements struct {
	waiting [][]byte
	bytes   int
	busy    bool // a job prepares the first ones
}

// add appends a message.
func (a *announcements) add(payload []byte) {
	a.waiting = append(a.waiting, payload)
	a.bytes += len(payload)
	drop := 0
	for ; len(a.waiting)-drop > maxAnnounced || a.bytes > maxAnnouncedBytes && drop < len(a.waiting)-1; drop++ {
		a.bytes -= len(a.waiting[drop])
	}
	a.waiting = slices.Delete(a.waiting, 0, drop)
}

// take empties the list.
func (a *announcements) take() [][]byte {
	list := a.waiting
	a.waiting, a.bytes = nil, 0
	return list
}

// announcedHeaders queues headers that a peer has announced.
func (s *Sync) announcedHeaders(id p2p.PeerID, payload []byte) {
	a := s.announced[id]
	if a == nil {
		a = new(announcements)
		s.announced[id] = a
	}
	a.add(payload)
}

// prepareAnnounced starts a job for each peer whose announcements wait and none of whose
// earlier ones is being prepared. The job prepares all of them, and its result puts them on
// the chain in their order.
func (s *Sync) prepareAnnounced() {
	for id, a := range s.announced {
		if a.busy || len(a.waiting) == 0 {
			continue
		}
		a.busy = true
		list := a.take()
		s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
			batches := make([]prepared, 0, len(list))
			for _, payload := range list {
				if ctx.Err() != nil {
					break
				}
				batch, err := s.prepare(id, payload)
				batches = append(batches, prepared{batch: batch, from: id, err: err})
			}
			return func() error {
				a.busy = false
				for _, b := range batches {
					if err := s.applyAnnounced(b); err != nil {
						return err
					}
				}
				return nil
			}
		})
	}
}

// reaskAnnounced has the peers asked again whose announcements were not put on the chain
// before the loop ended.
func (s *Sync) reaskAnnounced() {
	for id, a := range s.announced {
		if a.busy || len(a.waiting) > 0 {
			s.tips.reopen(id, time.Now())
		}
	}
}

// applyAnnounced puts headers that a peer announced on the chain. Headers without any gain are
// charged to the peer. The error is that of the store.
func (s *Sync) applyAnnounced(b prepared) error {
	ext, err := s.extend(b, false)
	if err != nil {
		return err
	}
	now := time.Now()
	if ext != nil && s.takenBack(b, ext) {
		s.fetchTailFrom(b.from, now)
	}
	if !s.tips.announced(b, ext, s.store.Staged().Tip.Height, now) {
		s.judge.useless(b.from, fmt.Errorf("more than %d announced headers without any gain", MaxIdle))
	}
	return nil
}

// announcedBlocks asks a peer for its headers if one of the blocks that it announces is unknown.
// The blocks are not looked up while the peer is going to be asked anyway. The error is that of
// the store.
func (s *Sync) announcedBlocks(id p2p.PeerID, blocks []chainhash.Hash, now time.Time) error {
	if !s.tips.charge(id, 1, now) {
		s.judge.useless(id, fmt.Errorf("more than %d announced blocks without any gain", MaxIdle))
	}
	if !s.tips.wouldReopen(id) {
		return nil
	}
	unknown := len(blocks) > maxLookups
	for i := 0; i < len(blocks) && !unknown; i++ {
		if blocks[i] == s.store.Staged().Tip.Hash {
			continue // not written yet, perhaps
		}
		_, err := s.store.HeightOf(blocks[i])
		unknown = err != nil
		if err != nil && !errors.Is(err, chain.ErrNotFound) {
			return err
		}
	}
	if unknown && s.tips.trusts(id, now) {
		s.tips.peers[id].gain.byHash = true
		s.tips.reopen(id, now)
	}
	return nil
}
