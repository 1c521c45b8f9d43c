package bench

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/spvd/spvd/internal/metrics"
	"github.com/spvd/spvd/internal/rpc/api"
)

// TestMetricsPassThePrometheusLinter: the parser of Prometheus reads what is exported, and the
// linter of promtool finds nothing to say.
func TestMetricsPassThePrometheusLinter(t *testing.T) {
	var text bytes.Buffer
	err := metrics.Write(&text, metrics.Facts{
		Status: api.SyncStatus{
			Stages: []api.Stage{{Name: "headers"}}, LastReorg: new(api.Reorg), Warnings: []api.Warning{{Code: "odd \"code\"\\\n"}},
		},
		Counts: metrics.Counts{
			Calls: []api.MethodCalls{{Method: "getbalance", Calls: 3, Errors: 1, Seconds: 0.25}}, Wallets: map[string]int{api.WalletLoaded: 1},
		},
		Process: metrics.ReadProcess(),
		Started: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(&text).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
