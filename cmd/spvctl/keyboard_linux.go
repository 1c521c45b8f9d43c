package main

import "golang.org/x/sys/unix"

// The requests that read and set the attributes of a terminal.
const (
	getAttributes = unix.TCGETS
	setAttributes = unix.TCSETS
)
