package store

import (
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// writeGenesis makes an empty file a store with the genesis block and its
// filter.
func writeGenesis(tx *Txn, p *consensus.Params) error {
	for _, name := range [][]byte{BucketMeta, BucketHeaders, BucketFilters, BucketHashes} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	filter, err := consensus.GenesisFilter(p)
	if err != nil {
		return err
	}
	genesis := p.Genesis()
	id := consensus.BlockID{Hash: p.ChainParams.GenesisHash}
	rows := NewPlan(nil)
	rows.Begin(BucketHeaders, 0, 0, false)
	rows.HeaderRow(0, 0, new(uint256.Uint256), id.Hash, func(consensus.Height) *consensus.Header { return &genesis })

	rows.Begin(BucketFilters, 0, 0, false)
	var k FilterPacker
	k.Reset(0)
	k.Add(filter)
	rows.FilterRow(&k)

	if err := rows.Apply(tx); err != nil {
		return err
	}
	if err := writeFormat(tx, Format); err != nil {
		return err
	}
	if err := WriteMeta(tx, KeyNetwork, networkRow(p)); err != nil {
		return err
	}
	if p.DCP0005 > 0 {
		early := consensus.NewEarlyFilterHash()
		early.Add(filter)
		if err := WriteEarly(tx, &early); err != nil {
			return err
		}
	}
	return WriteTip(tx, &Tip{Headers: id, Work: consensus.Work(genesis.Bits()), Filters: id})
}
