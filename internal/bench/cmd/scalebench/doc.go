// Command scalebench measures a daemon with large wallets and with many, and prints
// tables in Markdown:
//
//	go run ./cmd/scalebench -spvd ../../build/spvd -payments 1000,100000 -wallets 1,1000
package main
