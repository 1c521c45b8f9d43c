//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package main

import "golang.org/x/sys/unix"

// The requests that read and set the attributes of a terminal.
const (
	getAttributes = unix.TIOCGETA
	setAttributes = unix.TIOCSETA
)
