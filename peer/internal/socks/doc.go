// Package socks connects through a SOCKS5 proxy (RFC 1928, with the credentials of RFC 1929). It
// passes the names of hosts to the proxy and looks none up. It starts no goroutine that outlives
// a call.
package socks
