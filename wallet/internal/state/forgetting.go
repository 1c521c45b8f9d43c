package state

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// Forgetting is how far a canceled rescan is forgotten: what it has found in blocks below
// a height is, and birthdays that it has lowered are as a rescan from that height would
// have left them. The job is zero if there is nothing to forget.
type Forgetting struct {
	Job uint32
	At  consensus.Height
}

// The key of the meta bucket under which it is: the job (u32) and the height (u32). It
// is there between the steps of a cancellation that takes several.
var forgettingKey = []byte("forgetting")

func (f Forgetting) encode() []byte {
	return binary.BigEndian.AppendUint32(rows.Key(f.Job), uint32(f.At))
}

func loadForgetting(tx *bolt.Tx) (f Forgetting, err error) {
	v := tx.Bucket(MetaBucket).Get(forgettingKey)
	if v == nil {
		return f, nil
	}
	r := rows.Row{Rest: v}
	f = Forgetting{Job: r.U32(), At: consensus.Height(r.U32())}
	r.Bad = r.Bad || f.Job == 0 || f.At < 0
	if err := r.Done(); err != nil {
		return f, fmt.Errorf("read which rescan is being forgotten: %w", err)
	}
	return f, nil
}

func saveForgetting(tx *bolt.Tx, f Forgetting) error {
	if f.Job == 0 {
		return tx.Bucket(MetaBucket).Delete(forgettingKey)
	}
	return tx.Bucket(MetaBucket).Put(forgettingKey, f.encode())
}
