// Package parse turns bytes from outside into transactions and blocks.
//
// Package wire allocates as many inputs and outputs as a message says that it has,
// before it has seen one, and a buffer of 512 bytes for each script: 190 bytes make
// it allocate 150 MB. Here every count and every length is compared with the bytes
// that are left before anything is allocated for it. What is allocated is bounded by
// [Held], at most eight times the bytes.
//
// It accepts exactly what package wire accepts, and returns the same values; the
// fuzz tests hold the two against each other. Scripts are parts of the bytes that
// were decoded and are not copied: the caller must not change those afterwards, and
// copies them first if they are only valid for a while.
//
// All bytes that come from peers, clients or files and are to become a transaction or
// a block pass through this package. It has no state, and any goroutine may use it.
package parse
