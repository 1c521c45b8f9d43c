package settings

import (
	"fmt"
	"strings"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/webhook"
)

// Command is a command of the user for the system's shell.
type Command string

// UnmarshalFlag implements flags.Unmarshaler.
func (h *Command) UnmarshalFlag(value string) error {
	if strings.TrimSpace(value) == "" {
		return refused("the command is empty")
	}
	*h = Command(value)
	return nil
}

// Receiver is the address of a receiver of events; empty when unset.
type Receiver string

// UnmarshalFlag implements flags.Unmarshaler. Its error does not repeat the address, which may hold
// a secret.
func (r *Receiver) UnmarshalFlag(value string) error {
	if _, err := webhook.ParseTarget(value); err != nil {
		return refused("the address cannot receive events: %v", err)
	}
	*r = Receiver(value)
	return nil
}

// validateWebhook returns an error for settings of the webhook that do not go together.
func (c *Config) validateWebhook() error {
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

// UntilSynced is the only value of --until.
const UntilSynced = "synced"

// Goal is the condition that ends the daemon; empty for none.
type Goal string

// UnmarshalFlag implements flags.Unmarshaler.
func (g *Goal) UnmarshalFlag(value string) error {
	if value != UntilSynced {
		return refused("until %q: the daemon can run until %s", value, UntilSynced)
	}
	*g = Goal(value)
	return nil
}

// CertificateHost is a host name or an address that a certificate is to be valid for.
type CertificateHost string

// UnmarshalFlag implements flags.Unmarshaler.
func (h *CertificateHost) UnmarshalFlag(value string) error {
	if err := certificate.CheckHost(value); err != nil {
		return refused("name for the certificate: %v", err)
	}
	*h = CertificateHost(value)
	return nil
}
