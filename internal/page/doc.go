// Package page shows the daemon to people and to what watches over it: a status
// page for browsers on /, metrics for Prometheus on /metrics, /livez and
// /readyz for supervisors, and on demand the profiles of the Go runtime below
// /debug/pprof/. It listens where it is told to and nowhere by default.
//
// # Guarantees
//
//   - It only shows: nothing here changes anything, and nothing asks for a
//     password. What is shown is the status and who the peers are, nothing of
//     a wallet.
//   - The page is one file without anything from elsewhere, readable without
//     scripts, and its content security policy allows its own script and style
//     and nothing else.
//   - What clients can occupy is bounded. Those that follow the page are sent
//     the newest status at the pace they take it, at most once a second.
//   - Run returns when its context has ended, all connections are closed and
//     all its goroutines are gone, after grace at the latest.
//
// Reading order: server.go, status.go, words.go and events.go (the page and its changes),
// health.go.
package page
