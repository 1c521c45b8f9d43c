// Package parse decodes untrusted bytes into transactions and blocks.
//
// Package wire allocates as many inputs and outputs as a message claims to have, before it
// has read one, and a buffer of 512 bytes for each script: 190 bytes make it allocate 150 MB.
// Here every count and every length is compared with the bytes that are left before anything
// is allocated for it. The allocated memory is bounded by [Held], at most eight times the
// bytes.
//
// It accepts exactly the bytes that package wire accepts, and returns the same values; the
// fuzz tests compare the two. Scripts are parts of the decoded bytes and are not copied: the
// caller must not change the bytes afterwards, and copies them first if they are only valid
// for a while.
//
// All bytes from peers, clients or files that become a transaction or a block pass through
// this package. It has no state, and any goroutine may use it.
package parse
