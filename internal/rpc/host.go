package rpc

import (
	"net"
	"net/http"
	"strings"
)

// localHost lets requests in plain text pass only under the names of this
// machine itself. A page that a browser has loaded under another name, which
// then is made to mean this machine, gets no further. Over TLS the certificate
// does that.
func localHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil && !isLocal(r.Host) {
			http.Error(w, "the host of the request must be localhost or an IP address", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal reports whether a Host header names an IP address or localhost.
// Browsers always send one.
func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return host == "" || strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}
