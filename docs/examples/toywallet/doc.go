// Command toywallet is a front end with a wallet of its own, which watches one address and knows
// its balance, on the syncer and the pool of spvd.
//
//	toywallet DIR NETWORK ADDRESS [PEER]
//
// DIR is where it keeps headers and filters, NETWORK mainnet, testnet or simnet, and PEER the only
// node to connect to; without one it finds peers by itself. It prints the balance with each block in
// which that changes, also when a reorganisation takes a payment back, until it is interrupted.
//
// Read wallet.go (the wallet), then main.go (what it is put together with).
package main
