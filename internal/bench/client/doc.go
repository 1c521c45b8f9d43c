// Package client runs the client that is measured: a pool of peers and a syncer, put
// together as the daemon does.
package client
