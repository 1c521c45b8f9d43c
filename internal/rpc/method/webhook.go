package method

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// webhookMethods returns the methods about the receiver of events.
func webhookMethods() []Method {
	return []Method{
		getWebhookInfo(),
	}
}

func getWebhookInfo() Method {
	return Method{
		Name:    "getwebhookinfo",
		Quick:   true,
		Summary: "Returns how far the receiver of the setting notifyurl is with its events.",
		Help: "pending is the number of the event that it has not accepted yet, zero if it has all; then trouble says why the last attempt " +
			"failed. Times are Unix seconds. See docs/webhook.md.",
		Result:  "an object; receiver is empty if there is none",
		Returns: []any{api.Webhook{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			if c.Webhook == nil {
				return api.Webhook{}, nil
			}
			return c.Webhook(), nil
		},
	}
}
