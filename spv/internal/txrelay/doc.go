// Package txrelay passes unmined transactions on: what peers relay goes to the wallet, what
// users and the wallet publish goes to peers.
//
// A [Relay] belongs to the goroutine of the syncer, which calls Turn once per turn of its loop
// while it follows the chain, and takes from Changed how the published transactions stand. Jobs
// read the wallet and look for transactions in blocks. Nothing here changes the chain.
//
// broadcast.go decides when a transaction is offered to which peers, find.go finds it in the
// newest blocks, hear.go gives the wallet what peers have relayed, and relay.go is the rest.
package txrelay
