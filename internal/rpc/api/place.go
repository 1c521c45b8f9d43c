package api

import "github.com/decred/dcrd/wire"

// Names of files in the daemon's data directory that clients read.
const (
	// CertFile is the certificate of the server, in the data directory itself.
	CertFile = "rpc.cert"

	// CookieFile holds name and password for local tools as "name:password",
	// in the directory of the network.
	CookieFile = "rpc.cookie"

	// ConfigFile is the daemon's configuration, in the data directory itself.
	ConfigFile = "spvd.conf"
)

// CookieUser is the user name in a cookie file.
const CookieUser = "__cookie__"

// WebsocketPath is the path of the websocket endpoint. POST requests go to the
// root.
const WebsocketPath = "/ws"

// DefaultPort returns the port on which the server listens by default.
func DefaultPort(net wire.CurrencyNet) string {
	switch net {
	case wire.TestNet3:
		return "19112"
	case wire.SimNet:
		return "19559"
	default:
		return "9112"
	}
}
