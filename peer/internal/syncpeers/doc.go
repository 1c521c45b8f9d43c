// Package syncpeers is the pool as the syncer uses it: which peers are connected, what they announce,
// requests to them, the judgement of their data, and unmined transactions. [Peers] satisfies
// spv.Peers. The pool keeps what users and programs do with peers.
//
// Peers holds no state of its own; its methods may be called from any goroutine, and it starts none.
//
// peers.go is the list of peers, fetch.go requests, feedback.go what the syncer knows of them, and
// transactions.go unmined transactions.
package syncpeers
