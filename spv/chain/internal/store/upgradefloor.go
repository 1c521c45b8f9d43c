package store

import "github.com/spvd/spvd/spv/consensus"

// addFloor takes a store from format 1 to format 2: the tip row has the floor of the filters
// behind what it had, and the filters that are above the others. All filters are there from
// the genesis block on.
func addFloor(tx *Txn, _ *consensus.Params) error {
	row, err := ReadMeta(tx, KeyTip)
	if err != nil {
		return err
	}
	tip, err := decodeTipOne(row)
	if err != nil {
		return err
	}
	return WriteTip(tx, &tip)
}
