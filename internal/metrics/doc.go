// Package metrics writes the status of the daemon in the text format that
// Prometheus reads.
//
// Every metric follows from one look at the status, which has its one home in
// the syncer, and at what the other rooms count; there is nothing to count here.
// That is a page of text, so the format is written by hand: the client library
// would bring eleven modules and its own registry of global state for it.
//
// Write is pure but for what it asks the Go runtime. It may be called from any
// goroutine.
package metrics
