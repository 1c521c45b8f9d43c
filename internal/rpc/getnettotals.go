package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getNetTotals() method {
	return method{
		name:    "getnettotals",
		summary: "Returns how many bytes went through all connections with peers since the daemon was started.",
		result:  "an object with dcrd's fields; timemillis is the Unix time in milliseconds",
		returns: []any{api.NetTotals{}},
		example: `[]`,
		reads:   true,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			received, sent, at := b.Network.Totals()
			return api.NetTotals{TotalBytesRecv: received, TotalBytesSent: sent, TimeMillis: at.UnixMilli()}, nil
		},
	}
}
