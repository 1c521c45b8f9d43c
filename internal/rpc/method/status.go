package method

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// statusMethods returns the methods about the state of the daemon and its sync.
func statusMethods() []Method {
	return []Method{
		getInfo(),
		syncStatus(),
	}
}

// relayFee is the fee per kilobyte below which nodes do not relay transactions
// unless their operator changed it.
const relayFee dcrutil.Amount = 1e4

func getInfo() Method {
	return Method{
		Name:    "getinfo",
		Reads:   true,
		Summary: "Returns an overview of the daemon in dcrwallet's form.",
		Help: "The daemon holds no keys and never asks peers for the time: walletversion, timeoffset, " +
			"the keypool fields and unlocked_until are always 0; paytxfee is the fee that nodes demand. errors holds the warnings of " +
			"syncstatus. blocks is the height of the wallet, and difficulty and balance are as of that block. filterfloor is the " +
			"height of the first filter that is kept, and clients the number of light clients that are served.",
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.Info{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			tip, spendable, err := c.spendable(ctx)
			if err != nil {
				return nil, err
			}
			best, err := c.headerOrTip(tip.Hash)
			if err != nil {
				return nil, err
			}
			st := c.Syncer.Status()
			v := c.Version
			proxy, clients := c.Proxy, len(view.Serving(c.Server).Clients)
			if c.caller.limited() {
				proxy, clients = "", 0
			}
			return api.Info{
				Version:         int32(1000000*v.Major + 10000*v.Minor + 100*v.Patch),
				ProtocolVersion: int32(c.ProtocolVersion),
				Balance:         spendable,
				Blocks:          int64(tip.Height),
				Connections:     int32(st.Peers),
				Proxy:           proxy,
				Difficulty:      difficulty(best.raw.Bits(), c.Params.ChainParams),
				TestNet:         c.Params.ChainParams.Net == wire.TestNet3,
				PayTxFee:        relayFee.ToCoin(),
				RelayFee:        relayFee.ToCoin(),
				Errors:          joinWarnings(c.warnings(st.Warnings)),
				FilterFloor:     int64(st.Floor),
				Clients:         int32(clients),
			}, nil
		},
	}
}

// spendable returns what the wallet can spend, and the block as of which that is; without
// a wallet nothing, and the tip of the main chain.
func (c *Call) spendable(ctx context.Context) (consensus.BlockID, api.Amount, error) {
	w, err := c.open()
	switch {
	case errors.Is(err, errNoDefault):
		tip, err := c.tip()
		return tip, 0, err
	case err != nil:
		return consensus.BlockID{}, 0, err
	}
	all, err := w.Balances(ctx, 1)
	return all.Tip, api.Amount(all.Sum.Spendable - all.Sum.Spending), err
}

// warnings returns the warnings that the client may see: those about wallets, their payments and the
// daemon are not for users of some wallets.
func (c *Call) warnings(list []spv.Warning) []spv.Warning {
	if !c.caller.limited() {
		return list
	}
	return view.WarningsOfChain(list)
}

// joinWarnings returns the warnings as one text.
func joinWarnings(warnings []spv.Warning) string {
	texts := make([]string, len(warnings))
	for i, w := range warnings {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

func syncStatus() Method {
	return Method{
		Name:    "syncstatus",
		Quick:   true,
		Reads:   true,
		Summary: "Tells how far the daemon has got.",
		Help: "synced is true only while headers, filters and wallet are at the tip, a peer is connected " +
			"and no peer has shown more work. reason says in one sentence what is being done or waited for, " +
			"hint what you can do about it. ratio is the progress over all stages, eta the estimated time until they are done.",
		Result:  "dcrwallet's three fields, and beside them phase, progress by stage, tip, peers and warnings. Times are Unix seconds, durations seconds, rates blocks per second.",
		Returns: []any{api.SyncStatus{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			st := c.Syncer.Status()
			st.Warnings = c.warnings(st.Warnings)
			return view.SyncStatus(st, time.Now()), nil
		},
	}
}
