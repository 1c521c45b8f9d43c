package localhost

import (
	"net"
	"net/http"
	"strings"
)

// Only lets requests in plain text that came to a loopback address pass only
// if they name it: by an IP address or as localhost. It is a property of the
// server's own listener, so it cannot be forged.
func Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil && onLoopback(r) && !named(r.Host) {
			http.Error(w, "the host of the request must be localhost or an IP address", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// onLoopback reports whether a request came to a loopback address, or to what
// is no network address at all.
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
