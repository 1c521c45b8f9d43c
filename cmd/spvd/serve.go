package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/version"
)

// serve runs the daemon from locking the data directory to unlocking it. Its error is one
// line for the user: what failed, where, and what to do.
func serve(ctx context.Context, cfg *settings.Config, environ []string, stdout io.Writer) (err error) {
	if err := makeNetDir(cfg); err != nil {
		return fmt.Errorf("make data directory: %w: choose a writable one with --appdata", err)
	}
	held, err := takeLock(cfg)
	if err != nil {
		return err
	}
	logs, closeLog, err := openLog(cfg, stdout)
	if err != nil {
		return errors.Join(err, held.Release())
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	log := logs.Logger(settings.LogDaemon)
	log.Info("Starting spvd", "version", version.String(), "go", runtime.Version(), "pid", os.Getpid())
	warnOfReaders(cfg, log)
	warnOfWall(cfg, log)
	log.Info("Using data", "network", cfg.Network(), "directory", cfg.NetDir())

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	client, err := openClient(cfg, logs, held)
	if err == nil {
		err = runClient(ctx, cfg, environ, logs, client, stop)
	}
	if err != nil {
		log.Log(ctx, logging.LevelCritical, "Stopped by an error", "err", err)
		return err
	}
	log.Info("Stopped")
	return nil
}

// stopWithin is how long all services together may take to stop.
const stopWithin = 10 * time.Second

// runClient runs the client with the other services of the daemon, and closes it.
func runClient(ctx context.Context, cfg *settings.Config, environ []string, logs *logging.Log, client *spvd.Client, stop func()) error {
	services, err := build(ctx, cfg, environ, logs, client, stop)
	if err == nil {
		err = orchestrator.Run(ctx, orchestrator.Config{Log: logs.Logger(settings.LogDaemon), StopWithin: stopWithin}, services...)
	}
	closed := client.Close()
	if errors.Is(closed, spvd.ErrRunning) { // err already says that the client did not stop
		return err
	}
	return errors.Join(err, closed)
}

// takeLock locks the data directory. Its error says what to do.
func takeLock(cfg *settings.Config) (*spvd.Lock, error) {
	held, err := spvd.TakeLock(string(cfg.AppData), cfg.Network())
	var used *spvd.InUseError
	if errors.As(err, &used) {
		return nil, fmt.Errorf("%w with --appdata", err)
	}
	return held, err
}

// openLog returns the log at its configured levels, and the function that
// closes its file.
func openLog(cfg *settings.Config, stdout io.Writer) (*logging.Log, func() error, error) {
	out, closeFile := stdout, func() error { return nil }
	if !cfg.NoFileLogging {
		file, err := logging.OpenFile(cfg.LogFile())
		if err != nil {
			return nil, nil, fmt.Errorf("%w: choose another place with --logdir, or use --nofilelogging", err)
		}
		out, closeFile = logging.Tee(stdout, file), file.Close
	}
	logs := logging.New(out, logging.Format(cfg.LogFormat), settings.Subsystems()...)
	if err := logs.SetLevels(string(cfg.DebugLevel)); err != nil {
		return nil, nil, errors.Join(err, closeFile())
	}
	return logs, closeFile, nil
}
