package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/safetext"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// Exit codes.
const (
	exitClean = 0
	exitFatal = 1 // something failed; standard error has one line
	exitUsage = 2 // the settings are wrong; standard error has one line
)

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2) // the first stops cleanly, the second at once
	signal.Notify(signals, stopSignals()...)
	var wg sync.WaitGroup // not waited for: the process ends first
	wg.Go(func() {
		<-signals
		stop()
		<-signals
		fmt.Fprintln(os.Stderr, "spvd: stopped at once by a second signal; what was not written yet will be fetched again")
		os.Exit(exitFatal)
	})
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// stopSignals returns the signals that stop the daemon cleanly: those of a service manager
// and of a terminal. A hangup that the parent process ignores stays ignored.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is the program: it returns the exit code once ctx has ended and all services have
// stopped, or earlier if there is nothing to run.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	cfg, err := settings.Load(args, environ)
	var usage *flags.Error
	switch {
	case errors.As(err, &usage) && usage.Type == flags.ErrHelp:
		fmt.Fprintln(stdout, usage.Message)
		return exitClean
	case err != nil:
		fmt.Fprintf(stderr, "spvd: %s (spvd --help lists the settings)\n", oneLine(err))
		return exitUsage
	case cfg.Version:
		fmt.Fprintf(stdout, "spvd version %s (%s %s/%s)\n", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitClean
	case cfg.DumpConfig:
		settings.WriteSettings(stdout, cfg)
		return exitClean
	case cfg.DebugLevel == settings.ShowLevels:
		fmt.Fprintf(stdout, "Supported subsystems %v\n", settings.Subsystems())
		return exitClean
	}
	tuneGarbage()
	switch {
	case cfg.ManPage != "":
		err = settings.WriteManual(stdout, cfg.ManPage)
	case cfg.Completion != "":
		err = settings.WriteCompletion(stdout, cfg.Completion)
	case cfg.CheckDB:
		err = checkStore(ctx, cfg, stdout)
	case cfg.Compact:
		err = compactStore(ctx, cfg, stdout)
	case cfg.VerifySnapshot != "":
		err = checkSnapshot(ctx, cfg, stdout)
	default:
		err = serve(ctx, cfg, environ, stdout)
	}
	var wrong settings.UsageError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "spvd: %s (spvd --help lists the settings)\n", oneLine(err))
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "spvd: %s\n", oneLine(err))
		return exitFatal
	}
	return exitClean
}

// oneLine returns an error in a form that is safe on a terminal. It may repeat text of a file
// or a client.
func oneLine(err error) string {
	text := safetext.Escape(safetext.HideKeys(err.Error()), "")
	if errors.Is(err, syscall.ENOSPC) && !errors.Is(err, chain.ErrDiskFull) && !errors.Is(err, wallet.ErrDiskFull) {
		return "disk full: " + text
	}
	return text
}
