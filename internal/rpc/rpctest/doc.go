// Package rpctest runs an RPC server on a daemon of canned answers, for tests
// of the server and of its clients. It listens on loopback only and everything
// it starts ends with the test.
package rpctest
