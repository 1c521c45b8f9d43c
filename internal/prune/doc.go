// Package prune is the worker that has filters deleted which nothing needs any longer.
//
// # Guarantees
//
//   - Nothing is deleted that one of the keepers needs: each is asked before, and one that answers
//     with an error, or not in time, vetoes all. So does one that the package that makes the worker
//     could not make: it is a keeper that returns an error.
//   - The worker deletes nothing itself. The syncer, which owns the store, raises the floor, keeps
//     what a reorganisation may need, and refuses while it has work to do.
//   - Serve returns when its context ends, at the latest after a keeper has.
//
// Serve runs on the goroutine of its caller and starts no other. Read pruner.go.
package prune
