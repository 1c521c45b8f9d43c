// Command seedwallet runs a wallet from a seed, on the adapter or on the wallet's own package
// spv, for tests that start both as processes. It reads requests from descriptor 3, one JSON
// object a line, and writes a reply of one line for each to descriptor 4. It stops when
// descriptor 3 ends. All its goroutines end before main returns.
package main
