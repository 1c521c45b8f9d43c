package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestStatusPage asks a synced daemon for what it shows without a password.
func TestStatusPage(t *testing.T) {
	ns := serveNodes(t, 1)
	d, _ := ns.startSynced(t, t.TempDir(), "--metricslisten=127.0.0.1:0")
	url := strings.TrimSuffix(d.await(t, "Status page and metrics url="), "/")
	for path, want := range map[string]string{
		"/":        "Synced at height 450 with 1 peer.",
		"/metrics": "\nspvd_role_peers{role=\"connect\"} 1\n",
		"/livez":   "Synced",
		"/readyz":  "Synced",
	} {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s gives %s %s, %v; want %q", path, r.Status, body, err, want)
		}
	}
}
