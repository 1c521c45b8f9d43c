// Package early keeps the proof of the filters below DCP0005, which no header commits to: they are
// proven all together, by a hash that is known of the network, once all of them are there. A store
// whose floor is at DCP0005 or above has none of them and needs no proof.
//
// A [Proof] belongs to one goroutine.
//
// # Goroutines
//
// The package starts none.
package early
