// Package checkpointer writes the snapshot of a chain into a directory as the chain grows.
//
// It is an optional worker: trouble with the directory or the store is a warning, and it
// tries again; nothing waits for it. What it writes comes from the proven chain, at a depth
// that reorganisations do not reach. What an earlier process has written is compared with
// the chain, byte for byte, one segment at a time with pauses, and written again if it is
// damaged or of a branch that was left.
//
// Serve runs on the goroutine of its caller, and starts one that waits for the chain to
// grow, which it joins. The other methods may be called from any goroutine.
//
// checkpointer.go has the configuration and what is known of the segments, serve.go the work.
package checkpointer
