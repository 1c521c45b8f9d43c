// Command clientgen writes the clients of the daemon in TypeScript and Go, docs/clients/spvd.ts and
// adapter/rpcclient, from its OpenRPC document, docs/openrpc.json, and from the comments and types of
// package api. Run by go generate; a test compares what it writes with what is there.
//
// The names of methods and parameters are words without a gap, like getblockcount: words.go has the
// list that they are taken apart by, and a new word has to be added there.
//
// # Reading order
//
// main.go, document.go, words.go, typescript.go with base.ts, golang.go.
package main
