// Package engine is a light client for programs that are not written in Go: it is configured
// with JSON, started, stopped and called with the methods of JSON-RPC, all in the process of
// the program. A C library and a library for phones are thin covers of it.
//
// # Guarantees
//
//   - Open makes no connection and starts no goroutine. Start returns at once; Stop returns when
//     everything that Start began has ended. They may be called again, in turn, for ever.
//   - Every method may be called from any goroutine at any time, also while another one runs and
//     after Close: then the error is ErrClosed.
//   - What was acknowledged is on the disk when Close returns, and survives the end of the
//     process without it.
//
// # Goroutines
//
// Start begins one that runs the client and the hub of the subscriptions; Stop waits for it.
//
// Read config.go (the configuration as JSON), engine.go (the life of an engine), then
// status.go (errors as numbers).
package engine
