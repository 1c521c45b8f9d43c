// Package store is the file of a chain and its write-ahead log: rows in, rows out, all of a
// transaction or nothing. It knows the layout of the rows, and nothing about which chain is best.
//
// A [Store] has transactions that read, [Store.View], and one at a time that writes: [Store.Update]
// to the file, [Store.Append] to the log. Readers never wait. What a transaction gets is verified:
// the pages of the file when it is opened, a row by its checksum when it is read. Damage is
// [ErrCorrupt], and never ends the process. What the rows say is proven by package chain.
//
// # Goroutines
//
// The package starts none. Any goroutine may call the methods of a Store.
//
// # Reading order
//
// store.go is the file and its transactions, snapshot.go what one of them sees, of the file and of
// the log. headers.go, filters.go and meta.go are the rows, index.go finds the height of a hash in
// them. plan.go is what a write puts into the file, wal.go the log. genesis.go begins a new file,
// upgrade.go and upgradefloor.go bring an older one to the current format, copy.go makes a copy
// without unused pages. readahead.go has the system read ahead of a scan, and errors.go is what can
// be wrong. docs/storage.md describes the files.
package store
