// Package misbehavior records how hosts have behaved: the ban score of each, and which hosts
// and addresses are banned, for how long and why. Package peer ends the connections with banned
// peers, and writes the bans to peers.json.
//
// # Guarantees
//
//   - A ban score halves every ten minutes. Only a proven fault or the user bans.
//   - Of an address that is banned already the first evidence stays. A ban of the user replaces
//     any other.
//   - Bans and scores are bounded. Among too many bans the oldest goes first, those of the user
//     last.
//
// A Record is a plain value without a clock or a lock; a Tracker has both. A Tracker calls the
// functions of its Deps without its lock, and starts no goroutine. Read score.go, then ban.go and
// key.go, isolation.go for when a ban is lifted because only banned peers are left, and tracker.go.
package misbehavior
