package rpc

import (
	"context"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

func debugLevel() method {
	return method{
		name:    "debuglevel",
		summary: "Changes what is logged.",
		help:    "The change lasts until the daemon stops.",
		params: []param{{name: "levelspec", kind: kindString,
			text: "A level (trace, debug, info, warn, error, critical, off), a list like PEER=debug,SYNC=trace, or show for the names of the subsystems."}},
		result:  "Done., or the names of the subsystems",
		returns: []any{""},
		example: `["debug"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			spec := a.str("levelspec")
			if spec == "show" {
				return "Supported subsystems [" + strings.Join(b.Control.Subsystems(), " ") + "]", nil
			}
			if err := b.Control.SetDebugLevel(spec); err != nil {
				return nil, fail(api.CodeInvalid, "%v; run: spvctl help debuglevel", err)
			}
			return "Done.", nil
		},
	}
}
