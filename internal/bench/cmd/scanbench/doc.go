// Command scanbench measures discovery and rescans of wallets against hashing and
// decoding alone, and prints tables in Markdown:
//
//	go run ./cmd/scanbench -blocks 1000000 -scripts 400,1000 -turns 3
//
// The chain is generated once, which takes minutes if it is long, and kept in a
// cache. It needs a gigabyte of disk below -dir.
package main
