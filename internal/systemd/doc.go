// Package systemd sends the state of a daemon to a service manager, by the datagrams that
// sd_notify(3) describes.
//
// It is written by hand: it is a page, and the library for it reads the environment of the
// process, so that no test could run two daemons in one process.
//
// The package starts no goroutines and keeps nothing open. Without a manager, on every
// system, nothing is sent.
package systemd
