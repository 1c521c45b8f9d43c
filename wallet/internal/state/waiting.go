package state

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// The key of the meta bucket under which Snapshot.Waiting is: a height (u32). It is there
// while there are unmined transactions; without it, as in files of earlier versions, any block
// may hold them.
var waitingKey = []byte("waiting")

// loadWaiting reads which blocks may hold the unmined transactions, which have been read.
func (s *Snapshot) loadWaiting(tx *bolt.Tx) error {
	s.Waiting = birthday.Unborn
	if len(s.Pool.ByHash) == 0 {
		return nil
	}
	h := consensus.Height(0)
	if v := tx.Bucket(MetaBucket).Get(waitingKey); v != nil {
		r := rows.Row{Rest: v}
		h = consensus.Height(r.U32())
		r.Bad = r.Bad || h < 0
		if err := r.Done(); err != nil {
			return fmt.Errorf("read from which block on unmined transactions may be mined: %w", err)
		}
	}
	s.Waiting, s.Pool.MinedFrom = h, h
	return nil
}

// saveWaiting stores what loadWaiting reads.
func saveWaiting(tx *bolt.Tx, h consensus.Height) error {
	if h == birthday.Unborn {
		return tx.Bucket(MetaBucket).Delete(waitingKey)
	}
	return tx.Bucket(MetaBucket).Put(waitingKey, rows.Key(uint32(h)))
}
