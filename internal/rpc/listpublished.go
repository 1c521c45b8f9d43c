package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listPublished() method {
	return method{
		name:    "listpublished",
		reads:   true,
		summary: "Tells what has become of the transactions that were published.",
		help: "waiting: offered to nobody yet, because the sync is not complete. offered: to peers, none of which has shown that others have it. " +
			"seen: announced by a peer that it was not offered to. mined, expired: as it says. dropped: double spent, or abandoned. " +
			"ended: it does not concern the wallet, and was published for a day. Of what has come to its end the newest are remembered until a restart.",
		result:  "an array of what is and was published, oldest first",
		returns: []any{[]api.Publication{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			list := b.Relay.Published()
			if list == nil {
				list = []api.Publication{}
			}
			return list, nil
		},
	}
}
