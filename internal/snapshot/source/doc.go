// Package source opens the sources of snapshots that users name: directories and addresses
// of web servers.
//
// A web server is as little trusted as what it serves. Redirects are followed a few times
// and never from https to http, compression is not asked for, headers are bounded, and a
// response that stalls or trickles ends. All connections are made by the dialer that is
// given, and no proxy of the environment is used: so with a SOCKS proxy no name is looked
// up here.
//
// The package starts no goroutines but those of net/http, which end with the context of
// Open and with Close. source.go tells the sources apart, web.go is the web server, and
// guard.go ends slow responses.
package source
