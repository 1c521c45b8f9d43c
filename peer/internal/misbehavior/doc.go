// Package misbehavior records how hosts have behaved: the ban score of each, and which hosts
// and addresses are banned, for how long and why. It decides nothing else: package peer ends
// connections, and writes bans to peers.json.
//
// # Guarantees
//
//   - A ban score halves every ten minutes. Only a proven fault or the user bans.
//   - Of an address that is banned already the first evidence stays. A ban of the user replaces
//     any other.
//   - Bans and scores are bounded. Among too many bans the oldest goes first, those of the user
//     last.
//
// A Record is a plain value without a clock or a lock; package peer guards it. Read score.go,
// then ban.go and key.go.
package misbehavior
