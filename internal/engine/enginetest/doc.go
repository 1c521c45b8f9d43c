// Package enginetest is a synthetic network at a port of loopback, with an account that is paid
// on it, for tests of programs that reach the network by TCP only.
package enginetest
