// Command coldstorage builds a transaction that pays a coin, for a signer elsewhere that has the
// keys of an account, and writes it to unsigned.hex in its directory.
//
//	coldstorage DIR NETWORK XPUB ADDRESS [PEER]
//
// The other arguments are those of the example embed. What the signer returns goes to the method
// Publish of Client.Sync.
package main
