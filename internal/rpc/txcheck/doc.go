// Package txcheck tells what a transaction pays from what, and what speaks against publishing
// it. The daemon checks with it for its clients, spvctl checks with it in its own process. It
// is pure: no network, file or clock is in it; what a wallet knows comes through an interface.
//
// An output that is spent is known only from a transaction that has the hash which the input
// names, so that amounts and scripts need no trust. Errors are *api.Error, for clients.
package txcheck
