// Package keys holds the private keys to what spvd watches in tests, for somebody
// has to spend it: accounts as BIP0044 derives them, keys of all signature types,
// a script that two keys open, and the treasury. It signs the transactions that it gets and
// keeps no books.
//
// Read account.go first, then payee.go, ring.go and altkey.go, and treasury.go last.
package keys
