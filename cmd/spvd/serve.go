package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/version"
)

// serve is the daemon from taking the data directory to letting go of it. Its
// error is one line for the user: what failed, where, and what to do.
func serve(ctx context.Context, cfg *config, environ []string, stdout io.Writer) (err error) {
	if err := os.MkdirAll(cfg.netDir(), 0o700); err != nil {
		return fmt.Errorf("make data directory: %w: choose a writable one with --appdata", err)
	}
	held, err := takeLock(filepath.Join(cfg.netDir(), lockFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()

	logs, closeLog, err := openLog(cfg, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	log := logs.Logger(logDaemon)
	log.Info("Starting spvd", "version", version.String(), "go", runtime.Version(), "pid", os.Getpid())
	warnOfReaders(cfg, log)
	log.Info("Using data", "network", cfg.network().dir, "directory", cfg.netDir())

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	services, err := build(ctx, cfg, environ, logs, stop)
	if err == nil {
		err = runServices(ctx, log, services)
	}
	if err != nil {
		log.Log(ctx, logging.LevelCritical, "Stopped by an error", "err", err)
		return err
	}
	log.Info("Stopped")
	return nil
}

// openLog returns the log at its configured levels, and the function that
// closes its file.
func openLog(cfg *config, stdout io.Writer) (*logging.Log, func() error, error) {
	out, closeFile := stdout, func() error { return nil }
	if !cfg.NoFileLogging {
		file, err := logging.OpenFile(cfg.logFile())
		if err != nil {
			return nil, nil, fmt.Errorf("%w: choose another place with --logdir, or use --nofilelogging", err)
		}
		out, closeFile = logging.Tee(stdout, file), file.Close
	}
	logs := logging.New(out, logging.Format(cfg.LogFormat), subsystems()...)
	if err := logs.SetLevels(string(cfg.DebugLevel)); err != nil {
		return nil, nil, errors.Join(err, closeFile())
	}
	return logs, closeFile, nil
}
