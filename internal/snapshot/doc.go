// Package snapshot writes, reads and verifies snapshots: files of headers and committed
// filters from which a first sync can be served by any static web server or directory.
//
// A snapshot is one [Manifest] for each network and two immutable files for each segment of
// consecutive blocks: the headers, and the filters. docs/snapshot.md describes the format.
//
// Nothing in a snapshot is trusted. [Reader.Run] checks what the blocks show by themselves,
// by the functions of package consensus that check what peers send, and delivers pieces in
// the order of the chain. The rules that need ancestors are those of the caller: of
// chain.Chain in a sync, of [Verify] where there is no store. What is wrong with a
// snapshot is a [*Fault], which has a [Reason] and a sentence. Memory is bounded whatever
// the files hold: by the sizes in the manifest, by the limits of this package, and by the
// reader's budget.
//
// # Goroutines
//
// Reader.Run starts goroutines that read and prove; all have returned when it returns, and
// every file that it opened is closed. Nothing else starts goroutines.
//
// # Reading order
//
// format.go has the names, sizes and limits, manifest.go the list of segments, fault.go
// what can be wrong. source.go is where files come from, stream.go one file of a source as
// it is read and resumed. piece.go is what is delivered; reader.go orders the pieces,
// lane.go reads one segment of them, budget.go bounds the memory, and rate.go judges how fast the
// files come. verify.go proves a snapshot without a store. write.go writes a segment, atomic.go
// replaces files.
package snapshot
