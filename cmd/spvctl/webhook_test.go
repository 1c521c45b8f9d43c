package main

import (
	"bytes"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestWebhook: how far the receiver is, and why not farther; its text cannot move the cursor.
func TestWebhook(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.Answer(webhookMethod, api.Webhook{})
	got := spvctl(t, "", append(daemon(t, d.Registry), "webhook")...)
	if got != (outcome{0, "no events are posted (start spvd with --notifyurl URL)\n", ""}) {
		t.Errorf("got %+v", got)
	}
	for want, h := range map[string]api.Webhook{
		"https://pay.example has accepted 7 events of stream ab\n":                        {Delivered: 7},
		"https://pay.example has accepted 7 events of stream ab\nevent 8 is on its way\n": {Delivered: 7, Pending: 8, Since: 1600000000},
		"https://pay.example has accepted 0 events of stream ab\nevent 1 waits since 2020-09-13 12:26:40 UTC: refused\\a\n" +
			"it was posted once, and is posted again at 2020-09-13 12:26:41 UTC\n": {Pending: 1, Since: 1600000000, Attempts: 1, Trouble: "refused\a", NextAttempt: 1600000001},
	} {
		h.Receiver, h.Stream = "https://pay.example", "ab"
		var b bytes.Buffer
		if err := writeWebhook(&b, h); err != nil || b.String() != want {
			t.Errorf("got %v\n%s\nwant\n%s", err, b.String(), want)
		}
	}
}
