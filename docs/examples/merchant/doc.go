// Command merchant sells one thing: it shows an address, and ships when a payment to it has two
// confirmations.
//
//	merchant DIR NETWORK XPUB [PEER]
//
// The arguments are those of the example embed. A payment that a reorganisation takes back is
// confirmed again from the start, so that it ships once.
package main
