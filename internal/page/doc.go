// Package page shows the state of the daemon to people and to monitoring: a status page for
// browsers on /, metrics for Prometheus on /metrics, /livez and /readyz for supervisors, and,
// if the user wants them, the profiles of the Go runtime below /debug/pprof/. It listens on
// the addresses that the user names, and on none by default.
//
// # Guarantees
//
//   - It is read-only. It shows the status and the peers to every client, and wallets to users
//     who have logged in: of these what JSON-RPC answers to the same user.
//   - A session is known by a random secret, on confidential connections and in requests of the
//     page itself only. Sessions end in time, and are bounded.
//   - The page is one file that loads nothing else, readable without scripts, and its content
//     security policy allows its own script and style only.
//   - The resources that clients can occupy are bounded. Pages that are followed are sent the
//     newest status as fast as they read it, at most once a second.
//   - Run returns when its context has ended, all connections are closed and all its
//     goroutines have returned, after grace at the latest.
//
// Reading order: server.go, status.go, words.go, rates.go and events.go (the page and its
// changes), login.go, session.go and wallets.go (users and what they see), health.go.
package page
