// Package rpc serves the daemon's JSON-RPC interface.
package rpc
