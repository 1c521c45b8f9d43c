// Package rpctest serves JSON-RPC for tests of the server and of its clients. It listens on
// loopback only and everything it starts ends with the test.
//
// Daemon is the real thing in this process: a syncer with its store, a pool and wallets, on a
// synthetic network of one node. Offline is for tests of the transport alone: the same methods
// on a daemon that never runs, with two whose replies the test decides.
package rpctest
