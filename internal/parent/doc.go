// Package parent is the pipes between the daemon and a desktop program that has started it: the
// daemon ends when the program closes one or dies, and reports on another where it can be
// reached. Flags, messages and framing are those of dcrwallet, so that a program that starts
// dcrwallet can start spvd.
//
// The two pipes are open files that the program hands down. They are not handed on to commands
// that the daemon runs: one that outlives the daemon would keep the program from noticing its
// end.
//
// Read pipe.go (opening, waiting for the end), then message.go (what is reported).
package parent
