// Command fakenet serves a synthetic simulation network on loopback TCP, for
// trying and measuring a client by hand:
//
//	go run ./internal/testnet/cmd/fakenet -blocks 1000000 -peers 8
//
// It prints the command line of a client and then, for each second in which
// something happens, what the nodes did. The chain is generated once and kept
// in a cache. With -prefix it serves a branch that leaves the chain of a real node, whose
// blocks the file holds. It ends with the first interrupt.
package main
