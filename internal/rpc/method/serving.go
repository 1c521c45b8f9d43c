package method

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
)

// servingMethods returns the methods about light clients that the daemon serves.
func servingMethods() []Method {
	return []Method{
		getServingInfo(),
	}
}

func getServingInfo() Method {
	return Method{
		Name:    "getservinginfo",
		Summary: "Returns the light clients that the daemon serves, and the addresses that it serves them at.",
		Help: "With --listen the daemon serves headers, filters and blocks to other light clients, like wallets and other spvd, in the protocol of " +
			"full nodes. subver is the user agent that a client claims, conntime Unix seconds, follows whether it has asked for new blocks to be announced by " +
			"headers. blocksfetched counts the blocks that were fetched from peers for clients; others came from the cache.",
		Result:  "an object with the addresses, the clients, and sums since the daemon was started",
		Returns: []any{api.Serving{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return view.Serving(c.Server), nil
		},
	}
}
