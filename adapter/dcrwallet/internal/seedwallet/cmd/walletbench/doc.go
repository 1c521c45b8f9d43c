// Command walletbench measures first syncs of a wallet of dcrwallet from its seed: on the
// adapter, on the wallet's own package spv, and as the wallet's own work alone, which is to be
// given headers, filters and blocks that are in memory already. It prints a table.
//
// Each sync runs in a process of its own, from a synthetic network that this process serves
// over loopback TCP. All goroutines end before main returns. Read main.go, serve.go, sync.go
// and alone.go.
package main
