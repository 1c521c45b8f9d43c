package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/safetext"
)

const webhookMethod = "getwebhookinfo"

func webhookCommand() command {
	return command{
		name:     "webhook",
		synopsis: "webhook",
		summary:  "Show how far the receiver of events is.",
		help: `
  --json     print it as JSON

The receiver is the web server of the setting notifyurl. Events are posted one at a
time, and again until the receiver answers with a status of 200 to 299.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeWebhook, webhookMethod)
		},
	}
}

// writeWebhook prints what the receiver has, and why not more.
func writeWebhook(w io.Writer, h api.Webhook) error {
	if h.Receiver == "" {
		_, err := fmt.Fprintln(w, "no events are posted (start spvd with --notifyurl URL)")
		return err
	}
	_, err := fmt.Fprintf(w, "%s has accepted %d events of stream %s\n", safetext.Escape(h.Receiver, ""), h.Delivered, h.Stream)
	switch {
	case err != nil || h.Pending == 0:
		return err
	case h.Trouble == "":
		_, err = fmt.Fprintf(w, "event %d is on its way\n", h.Pending)
	default:
		_, err = fmt.Fprintf(w, "event %d waits since %s UTC: %s\nit was posted %s, and is posted again at %s UTC\n", h.Pending, utc(h.Since),
			safetext.Escape(h.Trouble, ""), times(h.Attempts), utc(h.NextAttempt))
	}
	return err
}

// times returns how often something was done.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
