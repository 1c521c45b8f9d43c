package rpc

import (
	"context"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Times of bans.
const (
	defaultBanTime = 24 * time.Hour
	maxBanTime     = 100 * 365 * 24 * time.Hour
)

func setBan() method {
	return method{
		name:    "setban",
		summary: "Bans an address, or lifts its ban.",
		help:    "Bans outlast the daemon.",
		params: []param{
			{name: "address", kind: kindString, text: "HOST:PORT, or HOST for all its ports."},
			{name: "command", kind: kindString, text: "add or remove."},
			{name: "bantime", kind: kindInt, optional: true, def: int64(0), text: "For how many seconds; 0 for a day."},
			{name: "absolute", kind: kindBool, optional: true, def: false, text: "Whether bantime is the Unix time of the end instead."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["192.0.2.66", "add", 3600]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			addr, seconds := a.str("address"), a.int("bantime")
			switch command := a.str("command"); command {
			case "remove":
				return nil, refused(b.Network.Unban(addr))
			case "add":
			default:
				return nil, fail(api.CodeInvalid, "command %q is neither add nor remove", shorten([]byte(command)))
			}
			if a.bool("absolute") {
				_, _, now := b.Network.Totals()
				seconds -= now.Unix()
			} else if seconds == 0 {
				seconds = int64(defaultBanTime / time.Second)
			}
			if seconds <= 0 || seconds > int64(maxBanTime/time.Second) {
				return nil, fail(api.CodeInvalid, "bantime %d does not lie ahead, or more than a hundred years", a.int("bantime"))
			}
			return nil, refused(b.Network.Ban(addr, time.Duration(seconds)*time.Second))
		},
	}
}
