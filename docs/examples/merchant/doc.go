// Command merchant sells one thing: it shows an address, and ships when a payment to it has two
// confirmations.
//
//	merchant DIR NETWORK XPUB [PEER [ADDRESS]]
//
// The arguments are those of the example embed. A payment that a reorganisation takes back is
// confirmed again from the start, so that it ships once. With ADDRESS it then builds the transaction
// that moves what was paid there, for the signer that has the keys, in DIR/takings.hex.
package main
