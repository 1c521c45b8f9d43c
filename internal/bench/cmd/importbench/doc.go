// Command importbench measures imports of a snapshot from a directory, against the floor, a
// program that only reads, proves and appends the same bytes, and against its proofs alone. It
// prints a table in Markdown:
//
//	go run ./cmd/importbench -blocks 1000000 -turns 3
//
// Chains are generated once, which takes minutes for a long one, and kept in a cache. It needs
// a gigabyte of disk below -dir.
package main
