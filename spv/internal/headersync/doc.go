// Package headersync fetches headers from the live peers and extends the chain with them, and
// knows which peers have shown all the headers they have.
//
// A [Sync] belongs to the goroutine of the syncer, which calls Roster, Listen and Fetch once per
// turn of its loop, and Apply while batches are ready and the loop has room for them. Jobs wait
// for peers and make the checks that need no context. Replies of single peers and announcements
// are applied by their results. Changes says what the loop has to know about: reorganisations,
// and blocks from the future.
//
// sync.go is the order of these calls. peertip.go holds what one peer has shown, gain.go what its
// announcements were good for, answers.go records its answers; tips.go decides for all peers, and
// patience.go which of them are waited for. plan.go and ranges.go fetch the ranges between waypoints, tail.go
// the headers after them, ask.go what single peers have beyond, announced.go handles
// announcements, late.go replies that arrived late. extend.go extends the chain; judge.go judges
// the senders of refused headers, with refusals.go, dispute.go and denials.go.
package headersync
