// Command demo shows spvd at its work: it builds spvd and a real Decred full
// node, mines a chain with tickets, votes and payments, syncs spvd to it, mines
// a few more blocks, and shows each of them followed. Everything happens on the
// loopback interface and in a temporary directory, and ends with the demo.
//
// Run it with "make demo", or in this module with "go run ./cmd/demo". It needs
// the go command and a Unix system, and no arguments. The exit code is 0 if all
// went as it should and 1 otherwise.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

// run is the program and returns its exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // a second signal ends the demo at once

	show := newPrinter(os.Stdout)
	err := perform(ctx, show)
	if err == nil {
		return 0
	}
	show.clear()
	if ctx.Err() != nil && !errors.Is(err, errLeft) {
		err = errors.New("interrupted; nothing was left behind")
	}
	fmt.Fprintf(os.Stderr, "demo: %v\n", err)
	return 1
}
