package consensus

import (
	"fmt"

	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"
)

// GenesisFilter returns the filter of the genesis block of a network. It is not asked of
// peers: the block is known.
func GenesisFilter(p *Params) ([]byte, error) {
	filter, err := blockcf2.Regular(p.ChainParams.GenesisBlock, noScripts{})
	if err != nil {
		return nil, fmt.Errorf("filter of the genesis block: %w", err)
	}
	return filter.Bytes(), nil
}

// noScripts are the scripts that the genesis block spends.
type noScripts struct{}

func (noScripts) PrevScript(*wire.OutPoint) (uint16, []byte, bool) { return 0, nil, false }
