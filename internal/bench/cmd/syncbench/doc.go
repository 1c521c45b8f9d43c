// Command syncbench measures first syncs of the client against the least that any
// program would have to do, over loopback TCP, and prints tables in Markdown:
//
//	go run ./cmd/syncbench -blocks 100000,1000000 -turns 3
//
// A row is measured for each chain length with 1 and with 8 peers, at round trips
// of 0 and 50 ms, with waypoints and without. Chains are generated once, which
// takes minutes for the long one, and kept in a cache. It needs a gigabyte of disk
// below -dir.
package main
