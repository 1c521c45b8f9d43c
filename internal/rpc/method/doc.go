// Package method is the JSON-RPC methods: what each is called, what it takes and returns, and
// the function that answers a call from the syncer, the pool and the wallets.
//
// Handlers call the core directly and translate its values at the edge (package view). A rule
// of the domain is not written here: the wallet, the pool or the syncer refuses, and errors.go
// gives the refusal its code.
//
// A new method is a function in the file of its subject and a line in the list at the top of
// that file. Parameter checks, help, docs/rpc.md and the OpenRPC document follow from what the
// function returns.
//
// # Reading order
//
// method.go (a method, a call, the registry), params.go (parameters and their values),
// errors.go (errors as clients see them), then the subjects: chain.go, block.go with header.go,
// cfilter.go, status.go, tx.go, accounts.go, addresses.go, imports.go, coins.go, history.go, jobs.go,
// wallets.go, peers.go, publish.go, control.go, subscribe.go, help.go with openrpc.go.
package method
