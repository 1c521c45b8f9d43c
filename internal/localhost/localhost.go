package localhost

import (
	"net"
	"net/http"
	"strings"
)

// Only refuses requests in plain text to a loopback address unless they name it: by an IP
// address or as localhost. The address is that of the server's own listener, so it cannot be
// forged.
func Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil && onLoopback(r) && !named(r.Host) {
			http.Error(w, "the host of the request must be localhost or an IP address", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Confidential reports whether no other machine can read what is exchanged with the client of a
// request: over TLS, or on a loopback address.
func Confidential(r *http.Request) bool { return r.TLS != nil || onLoopback(r) }

// onLoopback reports whether a request was sent to a loopback address, or to an address that
// is none of a network.
func onLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || local.IP.IsLoopback()
}

// named reports whether a Host header names an IP address or localhost.
// Browsers always send one.
func named(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return host == "" || strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}
