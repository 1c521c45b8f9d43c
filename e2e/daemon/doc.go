// Package daemon runs spvd and spvctl as users run them, and knows of them only
// what users may rely on: flags, files, exit codes, JSON-RPC methods and the
// fields of their results.
//
// Read daemon.go for the life of a daemon, post.go for how it is asked,
// status.go for what it says about itself, and control.go for spvctl.
package daemon
