// Package testenv gives tests the same surroundings wherever they are started: in a
// terminal, by a service manager, under nohup, or by a user with settings of spvd in the
// environment. A test program that starts daemons calls Set first, in TestMain. It
// starts no goroutines. NPM installs what a test needs from npm, and LimitFiles fills the
// disk. Read testenv.go.
package testenv
