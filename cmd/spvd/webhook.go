package main

import (
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/internal/webhook"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
)

// Files of the webhook in the directory of a network.
const (
	webhookFile   = "webhook.db"     // how far the receiver is, and the event that it is sent
	webhookSecret = "webhook.secret" // the key of signatures, without --notifysecret
)

// newWebhook returns what posts events, nil if there is no receiver.
func newWebhook(cfg *settings.Config, client *spvd.Client, hub *feed.Hub, log *slog.Logger) (*webhook.Hook, error) {
	if cfg.NotifyURL == "" {
		return nil, nil
	}
	target, err := webhook.ParseTarget(string(cfg.NotifyURL))
	if err != nil {
		return nil, err
	}
	secret := []byte(cfg.NotifySecret)
	if len(secret) == 0 {
		if secret, err = webhook.LoadSecret(filepath.Join(cfg.NetDir(), webhookSecret)); err != nil {
			return nil, err
		}
	}
	net := client.Params().ChainParams
	c := webhook.Config{
		Target:    target,
		Secret:    secret,
		File:      filepath.Join(cfg.NetDir(), webhookFile),
		Network:   net.Name,
		Genesis:   net.GenesisHash,
		Depth:     int64(cfg.NotifyConfirmations),
		UserAgent: "spvd/" + version.Number(),
		Hub:       hub,
		Wallets:   client.Wallets(),
		Warn:      func(w ...spv.Warning) { client.Sync().Notify("webhook", w...) },
		Log:       log,
		Now:       time.Now,
	}
	if cfg.Proxy != "" {
		proxy, err := peer.NewProxy(string(cfg.Proxy))
		if err != nil {
			return nil, err
		}
		c.Dial = proxy.Dial
	}
	return webhook.New(c), nil
}
