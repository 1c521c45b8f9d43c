package chain

import (
	"fmt"

	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/math/uint256"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// writeGenesis makes an empty file a store with the genesis block and its
// filter.
func writeGenesis(tx *txn, p *consensus.Params) error {
	for _, name := range [][]byte{bucketMeta, bucketHeaders, bucketFilters, bucketHashes} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	filter, err := GenesisFilter(p)
	if err != nil {
		return err
	}
	genesis := p.Genesis()
	id := consensus.BlockID{Hash: p.ChainParams.GenesisHash}
	rows := plan{buckets: []bucketPlan{{name: bucketHeaders}}}
	rows.memory = appendRowHead(nil, new(uint256.Uint256), id.Hash)
	rows.memory = append(rows.memory, genesis[:]...)
	rows.row(0, 0)

	rows.buckets = append(rows.buckets, bucketPlan{name: bucketFilters})
	var k filterPacker
	k.reset(0)
	k.add(filter)
	rows.filterRow(&k)

	if err := rows.apply(tx); err != nil {
		return err
	}
	if err := writeFormat(tx, storeFormat); err != nil {
		return err
	}
	if err := writeMeta(tx, keyNetwork, networkRow(p)); err != nil {
		return err
	}
	if p.DCP0005 > 0 {
		early := consensus.NewEarlyFilterHash()
		early.Add(filter)
		if err := writeEarly(tx, &early); err != nil {
			return err
		}
	}
	return writeTip(tx, &storeTip{headers: id, work: consensus.Work(genesis.Bits()), filters: id})
}

// GenesisFilter returns the filter of the genesis block of a network. It is not asked of
// peers: the block is known.
func GenesisFilter(p *consensus.Params) ([]byte, error) {
	filter, err := blockcf2.Regular(p.ChainParams.GenesisBlock, noScripts{})
	if err != nil {
		return nil, fmt.Errorf("filter of the genesis block: %w", err)
	}
	return filter.Bytes(), nil
}

// noScripts are the scripts that the genesis block spends.
type noScripts struct{}

func (noScripts) PrevScript(*wire.OutPoint) (uint16, []byte, bool) { return 0, nil, false }
