// Package rpc serves the daemon's JSON-RPC interface to local tools and front ends: POST
// requests to / and websockets on /ws, JSON-RPC 1.0 and 2.0, single calls and batches,
// positional and named parameters. It is the transport: the methods are in package method,
// the subscriptions in package feed, and the values that clients see in package api, which is
// all that clients import.
//
// # Guarantees
//
//   - A client is answered after it has presented the password, the cookie or a trusted
//     certificate. From a websocket before that, one small message is read, within a short
//     time. The number of such connections is bounded; for a new one the oldest is closed.
//   - An error of a call is part of the reply, which has status 200. Other statuses are about
//     the request itself: 401, 404, 405, 413, 415, 429.
//   - Every request that is due a reply gets exactly one, whatever bytes it held. A method
//     that panics answers with an internal error.
//   - The resources that clients can occupy are bounded, see Limits. A slow client delays no
//     other. Calls take turns on half of the processors, also those of one batch: a flood of
//     them leaves the rest to the sync, and other clients get their turn.
//   - When the context of Run ends, running calls are canceled, their replies are sent, and
//     Run returns when all connections are closed and all goroutines have returned: after
//     Limits.Grace at the latest.
//
// # Goroutines
//
// The HTTP server has one for each connection; that of a websocket reads, and waits for those
// it starts: one for each message that is answered, and one while there is a notification to
// send. One more runs the hub of the subscriptions.
//
// # Reading order
//
// config.go, server.go, post.go, websocket.go (from a socket to bytes and back), request.go,
// dispatch.go, reply.go (from bytes to a method and back), auth.go, auththrottle.go,
// visitor.go, preauth.go, cookie.go, tls.go, certificates.go, issue.go, listen.go, bounds.go.
package rpc

//go:generate go test . -run ^(TestComments|TestMethodsAreRefused)$ -update
//go:generate go test . -run ^(TestOpenRPCFile|TestMethods|TestDocs)$ -update
//go:generate go run ./clientgen ../..
