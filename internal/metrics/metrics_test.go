package metrics

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

func facts() Facts {
	return Facts{
		Status: api.SyncStatus{
			Phase: "catching-up", Initialised: true, Ratio: 0.25, Since: 5, Peers: 3,
			Stages: []api.Stage{{Name: "headers", Current: 10, Target: 20, Rate: 0.5}, {Name: "filters", Current: 7, Target: 20}},
			Tip:    api.Tip{Height: 10, Time: 1_700_000_000}, FilterFloor: 6, Backfill: true,
			Best:      api.Best{Height: 20},
			LastReorg: &api.Reorg{Time: 4, Depth: 2},
			Reorgs:    5,
			ETA:       61,
			Warnings:  []api.Warning{{Code: `odd "code"\` + "\n"}},
		},
		Peers: []api.PeerInfo{
			{Role: "outbound", Rate: 1000, InFlight: 1, InFlightBytes: 500},
			{Role: "outbound", Rate: 500},
			{Role: "added", InFlight: 2, InFlightBytes: 200},
		},
		Counts: Counts{
			Received: 1 << 40, Sent: 11, Bans: 2, JobsQueued: 4, JobsRunning: 1, StoreBytes: 300, Wallets: map[string]int{api.WalletLoaded: 3},
			Calls: []api.MethodCalls{{Method: "getbalance", Calls: 7, Errors: 2, Seconds: 1.5}, {Method: api.InvalidMethod, Calls: 1, Errors: 1}},
		},
		Process: &Process{CPUSeconds: 2.5, ResidentBytes: 1000, VirtualBytes: 9000, OpenFiles: 12, MostFiles: 1024},
		Version: "1.2.3",
		Started: time.Unix(3, 0),
	}
}

func TestWrite(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, facts()); err != nil {
		t.Fatal(err)
	}
	got := "\n" + b.String()
	for _, want := range []string{
		`spvd_build_info{version="1.2.3",go="` + runtime.Version() + `"} 1`,
		"spvd_synced 0",
		"spvd_initialised 1",
		`spvd_phase_info{phase="catching-up"} 1`,
		"spvd_progress_ratio 0.25",
		`spvd_stage_height{stage="filters"} 7`,
		`spvd_stage_target_height{stage="headers"} 20`,
		`spvd_stage_blocks_per_second{stage="headers"} 0.5`,
		"spvd_tip_height 10",
		"spvd_tip_timestamp_seconds 1.7e+09",
		"spvd_best_height 20",
		"spvd_peers 3",
		"spvd_last_reorg_depth 2",
		`spvd_warning_info{code="odd \"code\"\\\n"} 1`,
		"process_start_time_seconds 3",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

// family is a metric as a reader of the text format understands it.
type family struct {
	help, kind string
	samples    map[string]float64 // by labels
}

// parse reads the text format: of each metric a HELP line, a TYPE line and its
// samples, in one group.
func parse(t *testing.T, text string) map[string]*family {
	t.Helper()
	head := regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) (.+)$`)
	sample := regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)$`)
	families, name := make(map[string]*family), ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := head.FindStringSubmatch(line); m != nil {
			switch f := families[m[2]]; {
			case m[1] == "HELP" && f == nil:
				name, families[m[2]] = m[2], &family{help: m[3], samples: make(map[string]float64)}
			case m[1] == "TYPE" && m[2] == name && f.kind == "" && len(f.samples) == 0:
				f.kind = m[3]
			default:
				t.Errorf("line %q below metric %s", line, name)
			}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || m[1] != name && !isPartOf(m[1], name, families[name]) || families[name].kind == "" {
			t.Fatalf("line %q below metric %s", line, name)
		}
		if m[1] != name {
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := families[name].samples[m[2]]; err != nil || twice {
			t.Errorf("line %q: %v, or it comes twice", line, err)
		}
		families[name].samples[m[2]] = value
	}
	return families
}

// isPartOf reports whether a sample is the sum or the number of a summary.
func isPartOf(sample, name string, f *family) bool {
	return f.kind == "summary" && (sample == name+"_sum" || sample == name+"_count")
}

// TestFormat reads what is written, and holds it to the conventions: a sentence
// for help, counters that end with _total.
func TestFormat(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, facts()); err != nil {
		t.Fatal(err)
	}
	families := parse(t, b.String())
	for name, f := range families {
		if strings.HasSuffix(name, "_total") != (f.kind == "counter") || f.kind != "counter" && f.kind != "gauge" && f.kind != "summary" {
			t.Errorf("%s is a %s", name, f.kind)
		}
		if !strings.HasSuffix(f.help, ".") || len(f.samples) == 0 {
			t.Errorf("%s has help %q and %d samples", name, f.help, len(f.samples))
		}
	}
	for _, want := range []struct {
		name, labels string
		value        float64
	}{
		{"spvd_role_peers", `{role="outbound"}`, 2},
		{"spvd_role_peers", `{role="added"}`, 1},
		{"spvd_role_peers", `{role="once"}`, 0},
		{"spvd_filter_floor_height", "", 6},
		{"spvd_backfill", "", 1},
		{"spvd_peers_bytes_per_second", "", 1500},
		{"spvd_requests_in_flight", "", 3},
		{"spvd_in_flight_bytes", "", 700},
		{"spvd_received_bytes_total", "", 1 << 40},
		{"spvd_sent_bytes_total", "", 11},
		{"spvd_bans", "", 2},
		{"spvd_jobs", `{state="queued"}`, 4},
		{"spvd_jobs", `{state="running"}`, 1},
		{"spvd_store_bytes", "", 300},
		{"spvd_reorgs_total", "", 5},
		{"spvd_remaining_seconds", "", 61},
		{"spvd_wallets", `{state="loaded"}`, 3},
		{"spvd_wallets", `{state="damaged"}`, 0},
		{"spvd_rpc_calls_total", `{method="getbalance"}`, 7},
		{"spvd_rpc_errors_total", `{method="getbalance"}`, 2},
		{"spvd_rpc_seconds_total", `{method="getbalance"}`, 1.5},
		{"spvd_rpc_errors_total", `{method="invalid"}`, 1},
		{"process_cpu_seconds_total", "", 2.5},
		{"process_resident_memory_bytes", "", 1000},
		{"process_open_fds", "", 12},
	} {
		f := families[want.name]
		if f == nil {
			t.Errorf("there is no %s", want.name)
			continue
		}
		if got, ok := f.samples[want.labels]; !ok || got != want.value {
			t.Errorf("%s%s is %v, want %v", want.name, want.labels, got, want.value)
		}
	}
}

// TestEveryMetricIsDocumented compares with the table for operators, both ways.
func TestEveryMetricIsDocumented(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, facts()); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/operation.md")
	if err != nil {
		t.Fatal(err)
	}
	families := parse(t, b.String())
	documented := make(map[string]bool)
	row := regexp.MustCompile("(?m)^\\| (`(?:spvd|go|process)_.*`) \\| (gauge|counter|summary) \\|")
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			name = strings.Trim(name, "`")
			if documented[name] = true; families[name] == nil || families[name].kind != m[2] {
				t.Errorf("%s is documented as a %s", name, m[2])
			}
		}
	}
	for name := range families {
		if !documented[name] {
			t.Errorf("%s is not documented", name)
		}
	}
}

// TestEveryValueOfTheRuntimeExists: a name that the runtime does not know would be zero for good.
func TestEveryValueOfTheRuntimeExists(t *testing.T) {
	known := make(map[string]bool)
	for _, d := range metrics.All() {
		known[d.Name] = d.Kind == metrics.KindUint64
	}
	for _, m := range slices.Concat(memstatGauges(), memstatCounters()) {
		for _, name := range m.of {
			if !known[name] {
				t.Errorf("%s: the runtime has no number %s", m.name, name)
			}
		}
	}
}

// TestProcessIsRead: a process has some memory and files, and has taken some time.
func TestProcessIsRead(t *testing.T) {
	p := ReadProcess()
	if runtime.GOOS != "linux" {
		if p != nil {
			t.Errorf("%+v", p)
		}
		return
	}
	if p == nil || p.CPUSeconds <= 0 || p.ResidentBytes < 1<<20 || p.VirtualBytes < p.ResidentBytes || p.OpenFiles < 3 || p.MostFiles < uint64(p.OpenFiles) {
		t.Errorf("%+v", p)
	}
}

// TestDashboard: the dashboard for Grafana shows metrics that are exported, with labels that they
// have, and each panel has a query.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../docs/service/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Write(&out, facts()); err != nil {
		t.Fatal(err)
	}
	families := parse(t, out.String())
	metric := regexp.MustCompile(`\b(spvd|go|process)_[a-z_]+`)
	by := regexp.MustCompile(`by \(([a-z]+)\) \(rate\(([a-z_]+)`)
	for _, p := range board.Panels {
		if len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		for _, q := range p.Targets {
			names := metric.FindAllString(q.Expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q asks for nothing: %s", p.Title, q.Expr)
			}
			for _, name := range names {
				if f := families[name]; f == nil {
					t.Errorf("panel %q shows %s, which is not exported", p.Title, name)
				} else if strings.Contains(q.Expr, "rate("+name) != (f.kind == "counter") && !strings.Contains(q.Expr, "increase("+name) {
					t.Errorf("panel %q: %s is a %s", p.Title, name, f.kind)
				}
			}
			for _, m := range by.FindAllStringSubmatch(q.Expr, -1) {
				for labels := range families[m[2]].samples {
					if !strings.Contains(labels, m[1]+"=") {
						t.Errorf("panel %q: %s has no label %s", p.Title, m[2], m[1])
					}
				}
			}
		}
	}
	if len(board.Panels) < 20 {
		t.Errorf("%d panels", len(board.Panels))
	}
}

// broken is a writer that fails.
type broken struct{ err error }

// Write implements io.Writer.
func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestWriteFails(t *testing.T) {
	gone := errors.New("gone")
	if err := Write(broken{gone}, facts()); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}
