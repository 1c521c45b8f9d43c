// Command watcher shows in a terminal how far a sync has got, and then the blocks and the balance of
// an account as they change, until it is interrupted.
//
//	watcher DIR NETWORK XPUB [PEER]
//
// The arguments are those of the example embed. Read main.go (its life), then screen.go (what it
// shows).
package main
