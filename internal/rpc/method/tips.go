package method

import (
	"context"

	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
)

// What getchaintips says of a branch, as dcrd does.
const (
	branchActive      = "active"
	branchHeadersOnly = "headers-only"
	branchInvalid     = "invalid"
)

func getChainTips() Method {
	return Method{
		Name:    "getchaintips",
		Reads:   true,
		Summary: "Lists the tip of the main chain, and those of the branches that it has left.",
		Help: "Branches are remembered while their blocks are less than 2016 blocks below the tip. branchlen is how many blocks of " +
			"a branch are not on the main chain. status is active for the main chain; headers-only for a branch that was left, because blocks " +
			"are not stored; invalid for one with a block that no full node accepts.",
		Result:  "an array of objects with dcrd's fields, the main chain first, then the highest",
		Returns: []any{[]types.GetChainTipsResult{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			tip, left, err := store.StaleTips()
			if err != nil {
				return nil, err
			}
			list := []types.GetChainTipsResult{{Height: int64(tip.Height), Hash: tip.Hash.String(), Status: branchActive}}
			for i := range left {
				b, status := &left[i], branchHeadersOnly
				if b.Invalid {
					status = branchInvalid
				}
				list = append(list, types.GetChainTipsResult{
					Height: int64(b.Height), Hash: b.Hash.String(), BranchLen: int64(len(b.Branch)), Status: status,
				})
			}
			return list, nil
		},
	}
}
