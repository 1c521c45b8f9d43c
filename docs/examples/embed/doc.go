// Command embed is the least program with a light client inside: it syncs, prints the balance of
// an account and where the next payment goes, and ends.
//
//	embed DIR NETWORK XPUB [PEER]
//
// DIR is where it keeps its data, NETWORK mainnet, testnet or simnet, XPUB the extended public key
// of the account, and PEER the only node to connect to; without one it finds peers by itself.
package main
