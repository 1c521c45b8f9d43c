package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// walletAPI is the version of dcrwallet's JSON-RPC interface the methods are
// compatible with, as clients look for it.
func walletAPI() api.Version {
	return api.Version{VersionString: "11.0.0", Major: 11}
}

func version() method {
	return method{
		name:    "version",
		reads:   true,
		summary: "Returns the versions of the daemon and of its interface.",
		help: "dcrwalletjsonrpcapi is the version of dcrwallet's interface that the methods follow. " +
			"There is no dcrdjsonrpcapi: the daemon is not a full node.",
		result:  "an object with one version for each name",
		returns: []any{map[string]api.Version{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return map[string]api.Version{
				api.VersionDaemon: b.version,
				api.VersionAPI:    walletAPI(),
			}, nil
		},
	}
}
