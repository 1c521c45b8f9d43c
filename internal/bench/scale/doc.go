// Package scale measures a daemon with large wallets, as its users see it: a wallet of
// so many payments ([Payments]), so many wallets ([Wallets]), and what following the chain costs ([RunDay]). A chain that pays is
// generated and served over loopback TCP by the measuring process; the daemon is the
// program itself, started with a directory of its own and asked by JSON-RPC. What it
// uses is read from /proc.
package scale
