// Command demo shows spvd at its work: it builds spvd and a real Decred full
// node, mines a chain with tickets, votes and payments, syncs spvd to it, mines
// a few more blocks, and shows each of them followed. Meanwhile spvd watches an
// account, of which it knows nothing but the extended public key: its balance and
// history are shown, and compared with a second reading of the chain. Everything
// happens on the loopback interface and in a temporary directory, and ends with the
// demo.
//
// Run it with "make demo", or in this module with "go run ./cmd/demo". It needs
// the go command and a Unix system, and no arguments. The exit code is 0 if all
// went as it should and 1 otherwise.
package main
