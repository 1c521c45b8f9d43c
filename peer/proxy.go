package peer

import "github.com/spvd/spvd/peer/internal/socks"

// Proxy connects through a SOCKS5 proxy: Config.Dial can be its method Dial. It passes the names
// of hosts to the proxy and looks none up, so that the names of Tor services work if the proxy is
// Tor. Every connection has credentials of its own, for which Tor uses a circuit of its own.
type Proxy = socks.Proxy

// NewProxy returns the proxy at an address of the form IP:port; the host may also be localhost,
// and socks5:// or socks5h:// may stand before it.
// Other names are an error, because they would have to be looked up.
func NewProxy(addr string) (*Proxy, error) { return socks.New(addr) }
