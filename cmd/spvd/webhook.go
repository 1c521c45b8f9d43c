package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/feed"
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

// receiverFlag is the address of a receiver of events; empty when unset.
type receiverFlag string

// UnmarshalFlag implements flags.Unmarshaler. Its error does not repeat the address, which may hold
// a secret.
func (r *receiverFlag) UnmarshalFlag(value string) error {
	if _, err := webhook.ParseTarget(value); err != nil {
		return refused("the address cannot receive events: %v", err)
	}
	*r = receiverFlag(value)
	return nil
}

// validateWebhook returns an error for settings of the webhook that do not go together.
func (c *config) validateWebhook() error {
	switch {
	case c.NotifyConfirmations < 1 || c.NotifyConfirmations > 1000:
		return fmt.Errorf("--notifyconfirmations is %d: it must be 1 to 1000", c.NotifyConfirmations)
	case c.NotifyURL == "" && c.NotifySecret != "":
		return fmt.Errorf("--notifysecret signs nothing without --notifyurl")
	case c.NotifySecret != "" && len(c.NotifySecret) < webhook.MinSecret:
		return fmt.Errorf("--notifysecret has fewer than %d characters: it could be found by trying", webhook.MinSecret)
	}
	return nil
}

// newWebhook returns what posts events, nil if there is no receiver.
func newWebhook(cfg *config, client *spvd.Client, hub *feed.Hub, log *slog.Logger) (*webhook.Hook, error) {
	if cfg.NotifyURL == "" {
		return nil, nil
	}
	target, err := webhook.ParseTarget(string(cfg.NotifyURL))
	if err != nil {
		return nil, err
	}
	secret := []byte(cfg.NotifySecret)
	if len(secret) == 0 {
		if secret, err = webhook.LoadSecret(filepath.Join(cfg.netDir(), webhookSecret)); err != nil {
			return nil, err
		}
	}
	net := client.Params().ChainParams
	settings := webhook.Config{
		Target:    target,
		Secret:    secret,
		File:      filepath.Join(cfg.netDir(), webhookFile),
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
		settings.Dial = proxy.Dial
	}
	return webhook.New(settings), nil
}
