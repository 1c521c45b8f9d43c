// Command servebench measures first syncs from spvd that serves light clients, beside first syncs
// from a full node as the synthetic network has it, in pairs, and prints a table in Markdown:
//
//	go run ./cmd/servebench -blocks 100000 -turns 7
//
// Chains are generated once, which takes minutes for a long one, and kept in a cache. It needs
// 500 bytes of disk for each block below -dir.
package main
