// Package rpc serves the daemon's JSON-RPC interface to local tools and front
// ends: POST requests to / and websockets on /ws, JSON-RPC 1.0 and 2.0, single
// calls and batches, positional and named parameters. Method names, parameter
// order and results are those of dcrwallet and dcrd where they have the
// method; results may hold more.
//
// # Guarantees
//
//   - Nobody is answered without having presented the password or the cookie;
//     of a websocket that has not, one small message is read, for a short time.
//     So many connections wait for that at most; the oldest makes room.
//   - An error of a call is part of the reply, which has status 200. Other
//     statuses tell of trouble with the request as such: 401, 404, 405, 413,
//     415, 429.
//   - Every request that is due a reply gets exactly one, whatever bytes it
//     held. A method that panics answers with an internal error.
//   - Subscriptions keep nothing for a client: each follows its source, which
//     can be read from any place, at the pace of its client. Who is slow misses
//     values in between and is told of a gap in what has to be whole; nobody
//     waits for it. What many clients are told is made and encoded once, and
//     while the daemon is busy they are told of it at times of their own.
//   - What clients can occupy is bounded, see Limits. A slow client delays
//     nobody but itself. Calls take turns on half of the processors, also
//     those of one batch: a flood of them leaves the rest to the sync, and
//     other clients get their turn.
//   - When the context of Run ends, calls under way are told, their replies
//     are sent, and Run returns when all connections are closed and all
//     goroutines gone: after Limits.Grace at the latest.
//
// # Goroutines
//
// The HTTP server has one for each connection; that of a websocket reads, and
// joins what it starts: one for each message being worked on, and one while
// there is something to tell the client. One more looks out for news.
//
// # Reading order
//
// ports.go and the files that begin with ports (what is asked of the daemon),
// method.go (the method table), getblockhash.go (a method), params.go, request.go,
// reply.go, dispatch.go (from bytes to a method and back), server.go, post.go,
// websocket.go (from a socket to bytes and back), news.go, feeds.go, feed_status.go,
// feed_blocks.go, steps.go, cursor.go, feed_wallet.go, happenings.go, readings.go,
// feed_jobs.go (subscriptions), then lobby.go, auth.go, guesses.go, cookie.go,
// tls.go, listen.go.
//
// A new method is a file of its own and a line in the table; parameter checks,
// help and docs/rpc.md follow from the table.
package rpc
