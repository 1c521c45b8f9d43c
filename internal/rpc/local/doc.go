// Package local answers JSON-RPC calls inside the process, without a socket: the methods of
// package method, with the same parameters, results and errors, and the subscriptions of
// package feed. It is what programs call that embed the engine and are not written in Go.
//
// # Guarantees
//
//   - A call has the time that a call over a socket has. It ends early when its context ends or
//     the client is closed.
//   - Nothing is stored for a client that reads no events: as on a websocket, a subscription
//     goes on from where the reader is, and reports a gap when it was away for too long.
//   - Close returns when all calls have returned and nothing more is sent.
//
// # Goroutines
//
// Those of package feed: for each wallet with subscriptions one while there is an event to
// deliver.
//
// Read client.go (calls and events), then result.go (values and errors).
package local
