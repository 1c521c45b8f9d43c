// Command walletbench measures first syncs of a wallet of dcrwallet from its seed: on the
// adapter, on the wallet's own package spv, and as the wallet's own work alone, which is to be
// given headers, filters and blocks that are in memory already. With -serving it measures the
// wallet's own package spv from one node, and from spvd that serves light clients; with -large
// wallets with many payments, and calls to them. It prints tables.
//
// Each sync runs in a process of its own, from a synthetic network that this process serves
// over loopback TCP. All goroutines end before main returns. Read main.go, serve.go, sync.go,
// alone.go, relay.go and large.go.
package main
