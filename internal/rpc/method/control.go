package method

import (
	"context"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// controlMethods returns the methods about the daemon itself.
func controlMethods() []Method {
	return []Method{
		debugLevel(),
		stop(),
		version(),
	}
}

func debugLevel() Method {
	return Method{
		Name:    "debuglevel",
		Summary: "Changes what is logged.",
		Help:    "The change lasts until the daemon stops.",
		Params: []param{{name: "levelspec", kind: kindString,
			text: "A level (trace, debug, info, warn, error, critical, off), a list like PEER=debug,SYNC=trace, or show for the names of the subsystems."}},
		Result:  "Done., or the names of the subsystems",
		Returns: []any{""},
		Example: `["debug"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			spec := c.str("levelspec")
			if spec == "show" {
				return "Supported subsystems [" + strings.Join(c.Logs.Subsystems(), " ") + "]", nil
			}
			if err := c.Logs.SetLevels(spec); err != nil {
				return nil, fail(api.CodeInvalid, "%v; run: spvctl help debuglevel", err)
			}
			return "Done.", nil
		},
	}
}

func stop() Method {
	return Method{
		Name:    "stop",
		Quick:   true,
		Summary: "Stops the daemon.",
		Result:  "a sentence; the connection is closed soon after",
		Returns: []any{""},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			c.Stop()
			return "spvd stopping.", nil
		},
	}
}

// walletAPI is the version of dcrwallet's JSON-RPC interface the methods are
// compatible with, as clients look for it.
func walletAPI() api.Version {
	return api.Version{VersionString: "11.0.0", Major: 11}
}

func version() Method {
	return Method{
		Name:    "version",
		Quick:   true,
		Reads:   true,
		Summary: "Returns the versions of the daemon and of its interface.",
		Help: "dcrwalletjsonrpcapi is the version of dcrwallet's interface that the methods follow. " +
			"There is no dcrdjsonrpcapi: the daemon is not a full node.",
		Result:  "an object with one version for each name",
		Returns: []any{map[string]api.Version{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return map[string]api.Version{
				api.VersionDaemon: c.Version,
				api.VersionAPI:    walletAPI(),
			}, nil
		},
	}
}
