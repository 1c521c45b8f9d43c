// Package metrics writes the status of the daemon in the text format of Prometheus.
//
// Every metric follows from one status, whose home is the syncer, and from the counters of
// the other rooms; this package counts nothing. The output is a page of text, so the format
// is written by hand: the client library would bring eleven modules and its own registry of
// global state for it.
//
// What every program in Go has, go_* and process_*, is named as that library names it.
//
// Write is pure except that it reads the Go runtime's own metrics. It may be called from any
// goroutine.
package metrics
