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
