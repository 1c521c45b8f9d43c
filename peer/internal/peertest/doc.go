// Package peertest plays the far end of connections for the tests of package peer and of the
// packages below it: a Node is scripted by a test, message by message, and a Chain has headers,
// filters and blocks to serve. It speaks through package wire only, and shares no code with
// what it tests.
//
// It starts no goroutines: a script runs on that of its caller. Read node.go and chain.go.
package peertest
