package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/spvd/spvd/internal/hooks"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/systemd"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// newHooks returns the services that run the commands of --blocknotify and --walletnotify, and the
// one that reaps other processes if this is process 1.
func newHooks(cfg *settings.Config, syncer *spv.Syncer, wallets *wallet.Set, environ []string, log *slog.Logger) []orchestrator.Worker {
	runner := hooks.NewRunner()
	hook := func(option string, command settings.Command) *hooks.Hook {
		return &hooks.Hook{
			Option: option, Command: string(command), Environ: commandEnvironment(environ), Runner: runner, Log: log,
		}
	}
	var services []orchestrator.Worker
	if runner.Reaps() {
		services = append(services, orchestrator.Worker{Name: "reaper", Serve: runner.Reap})
	}
	if cfg.BlockNotify != "" {
		h := hook("--blocknotify", cfg.BlockNotify)
		services = append(services, orchestrator.Worker{Name: h.Option, Serve: func(ctx context.Context) error {
			return hooks.Blocks(ctx, syncer, h)
		}})
	}
	if cfg.WalletNotify != "" {
		h := hook("--walletnotify", cfg.WalletNotify)
		services = append(services, orchestrator.Worker{Name: h.Option, Serve: func(ctx context.Context) error {
			return hooks.Transactions(ctx, syncer, wallets, h)
		}})
	}
	return services
}

// commandEnvironment returns the environment of the commands: that of the daemon, except for the
// daemon's own variables: its settings, among which are passwords, and its service manager.
func commandEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(variable, settings.EnvPrefix) || systemd.Own(variable)
	})
}
