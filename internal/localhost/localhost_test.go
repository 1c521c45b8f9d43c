package localhost

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOnly(t *testing.T) {
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	public := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}
	for _, test := range []struct {
		host   string
		local  net.Addr
		secure bool
		status int
	}{
		{"localhost", loopback, false, 200},
		{"LOCALHOST:9112", loopback, false, 200},
		{"127.0.0.1:9112", loopback, false, 200},
		{"[::1]:9112", loopback, false, 200},
		{"[::1]", loopback, false, 200},
		{"", loopback, false, 200},
		{"rebound.example", loopback, false, 421},
		{"localhost.rebound.example:9112", loopback, false, 421},
		{"rebound.example", nil, false, 421},
		{"rebound.example", loopback, true, 200},
		{"monitor.example", public, false, 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = test.host
		if test.local != nil {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, test.local))
		}
		if test.secure {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		Only(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%+v: status %d", test, w.Code)
		}
	}
}
