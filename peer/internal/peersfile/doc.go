// Package peersfile keeps peers.json: the address book, two anchors and the bans of a pool
// across restarts.
//
// The file is replaced atomically, so that a crash leaves the old or the new one. A file that
// cannot be used is moved aside with a sentence for the user, because all of its content can
// be learned again; one of version 1 is upgraded.
//
// The package starts no goroutines. Read file.go, then upgrade.go, and keeper.go for when the file
// is written.
package peersfile
