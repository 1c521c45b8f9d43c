// Command floodbench measures first syncs of spvd that serves light clients, alone and while many
// clients flood it, in pairs, and prints a table in Markdown:
//
//	go run ./cmd/floodbench -blocks 100000 -turns 7
//
// The flood comes from 127.0.1.1 to 127.0.1.16, which is loopback on Linux only.
package main
