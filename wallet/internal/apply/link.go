package apply

import (
	"encoding/binary"
	"fmt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// linked checks that the blocks of an update stand on a block, and each on the
// one before.
func linked(on consensus.BlockID, u *chain.Update) error {
	for i := range u.Applied {
		b := &u.Applied[i]
		if b.Height != on.Height+1 || b.Header.PrevBlock() != on.Hash {
			return fmt.Errorf("block %d %s does not follow %d %s: %w", b.Height, b.Hash, on.Height, on.Hash, ErrNotConnected)
		}
		on = b.BlockID
	}
	return nil
}

// forked returns the highest block known to be below both the tip and the
// blocks of an update that starts at the cursor, and whether the update leaves
// the wallet's chain. It is what finds a reorganisation above the cursor, by
// the blocks remembered there, and those of the wallet's transactions.
func (a *application) forked(s *state.Snapshot) (common consensus.BlockID, forked bool, err error) {
	common = s.Common
	for i := range a.u.Applied {
		b, ok := remembered.At(s.Blocks, a.u.Applied[i].Height)
		if !ok {
			continue
		}
		if b.Hash != a.u.Applied[i].Hash {
			return common, true, nil
		}
		common = b.BlockID
	}
	first, last := a.u.Applied[0].Height, a.u.Applied[len(a.u.Applied)-1].Height
	c := a.tx.Bucket(ledger.MinedBucket).Cursor()
	low := max(first, common.Height+1)
	for k, v := c.Seek(rows.Key(uint32(low))); len(k) == txn.PlaceSize && binary.BigEndian.Uint32(k) <= uint32(last); k, v = c.Next() {
		m, err := ledger.DecodeMinedHead(k, v)
		if err != nil || m.Block != a.u.Applied[m.Place.Height-first].Hash {
			return common, err == nil, err
		}
	}
	return common, false, nil
}
