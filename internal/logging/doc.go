// Package logging writes the records that the rooms log through log/slog in the line format
// of the Decred daemons:
//
//	2026-01-02 15:04:05.000 [INF] SYNC: Headers verified height=12000 rate=9000
//
// or as JSON, one object per line, with the keys time, level, msg and subsystem and those of
// the record.
//
// A [Log] has a fixed list of subsystems; each has a level of its own that may be changed
// while the program runs. A room is given the *slog.Logger of its subsystem and does not
// import this package.
//
// One record is one line and one Write, whatever a peer put into a value: unprintable
// characters are escaped. Writers are called one at a time. The package starts no goroutines;
// the log rotation compresses an old file in a goroutine that closing the [File] waits for.
//
// Read log.go, then level.go, handler.go, json.go, tee.go and file.go.
package logging
