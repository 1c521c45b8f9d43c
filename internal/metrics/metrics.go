package metrics

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// ContentType is the type of the output of Write.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Facts are the input of the metrics.
type Facts struct {
	Status  api.SyncStatus
	Peers   []api.PeerInfo
	Counts  Counts
	Process *Process  // nil if it is not known, see ReadProcess
	Version string    // of the daemon
	Started time.Time // when the process began
}

// Counts are the counters of the rooms of the daemon.
type Counts struct {
	Received, Sent uint64 // bytes through all connections with peers since the start
	Bans           int    // in force
	JobsQueued     int    // of all wallets that are open
	JobsRunning    int
	StoreBytes     int64 // of the file of the chain; zero if unknown
	Serving        api.Serving
	Calls          []api.MethodCalls // of JSON-RPC
	Wallets        map[string]int    // by state, see api.WalletFile
}

// label is a name and a value that distinguish the samples of one metric.
type label struct{ name, value string }

// Write writes all metrics.
func Write(w io.Writer, f Facts) error {
	p := &printer{w: w}
	st := &f.Status
	p.gauge("spvd_build_info", "The version of the daemon.", 1,
		label{"version", f.Version}, label{"go", runtime.Version()})
	p.gauge("spvd_synced", "1 while headers, filters and wallet are at the tip and a peer is connected.", flag(st.Synced))
	p.gauge("spvd_ready", "1 while synced, and while blocks that have just come are proven and scanned.", flag(st.Ready))
	p.gauge("spvd_initialised", "1 once chain data can be read.", flag(st.Initialised))
	p.gauge("spvd_phase_info", "What the daemon does.", 1, label{"phase", st.Phase})
	p.gauge("spvd_phase_start_time_seconds", "When it began to.", float64(st.Since))
	p.gauge("spvd_progress_ratio", "The progress over all stages, 1 exactly while synced.", st.Ratio)
	p.gauge("spvd_remaining_seconds", "The estimated time until all stages are done, 0 when unknown or synced.", float64(st.ETA))
	p.stages(st.Stages)
	p.gauge("spvd_filter_floor_height", "The height of the first filter that is kept, 0 if all are.", float64(st.FilterFloor))
	p.gauge("spvd_backfill", "1 while filters of old blocks are fetched below those that are kept.", flag(st.Backfill))
	p.gauge("spvd_tip_height", "The height of the newest verified block.", float64(st.Tip.Height))
	p.gauge("spvd_tip_timestamp_seconds", "Its time.", float64(st.Tip.Time))
	p.gauge("spvd_best_height", "The height that most peers claim.", float64(st.Best.Height))
	p.gauge("spvd_peers", "The peers that are connected.", float64(st.Peers))
	p.peers(f.Peers)
	p.counts(&f.Counts)
	p.counter("spvd_reorgs_total", "The reorganisations since the sync was started.", float64(st.Reorgs))
	p.reorg(st.LastReorg)
	p.warnings(st.Warnings)
	p.runtime()
	p.process(f.Process)
	p.gauge("process_start_time_seconds", "When the process began.", float64(f.Started.Unix()))
	return p.err
}

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

// printer writes metrics until the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, operands ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, operands...)
	}
}

// gauge writes a metric of one sample.
func (p *printer) gauge(name, help string, value float64, labels ...label) {
	p.head(name, help)
	p.sample(name, value, labels...)
}

// counter writes a metric of one sample that only rises.
func (p *printer) counter(name, help string, value float64) {
	p.headOf("counter", name, help)
	p.sample(name, value)
}

// head writes the description of a metric that may also fall.
func (p *printer) head(name, help string) { p.headOf("gauge", name, help) }

// headOf writes the description of a metric of a type.
func (p *printer) headOf(kind, name, help string) {
	p.printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample writes one value.
func (p *printer) sample(name string, value float64, labels ...label) {
	var b strings.Builder
	for i, l := range labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.name + `="` + escape(l.value) + `"`)
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	p.printf("%s%s %s\n", name, b.String(), strconv.FormatFloat(value, 'g', -1, 64))
}

// escape returns a label value as it stands in quotes.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}

func (p *printer) stages(stages []api.Stage) {
	for _, m := range []struct {
		name, help string
		value      func(api.Stage) float64
	}{
		{"spvd_stage_height", "How far a stage has got.", func(s api.Stage) float64 { return float64(s.Current) }},
		{"spvd_stage_target_height", "How far it has to get.", func(s api.Stage) float64 { return float64(s.Target) }},
		{"spvd_stage_blocks_per_second", "How fast it is.", func(s api.Stage) float64 { return s.Rate }},
	} {
		p.head(m.name, m.help)
		for _, s := range stages {
			p.sample(m.name, m.value(s), label{"stage", s.Name})
		}
	}
}

func (p *printer) reorg(r *api.Reorg) {
	if r == nil {
		return
	}
	p.gauge("spvd_last_reorg_timestamp_seconds", "When the newest reorganisation took place.", float64(r.Time))
	p.gauge("spvd_last_reorg_depth", "How many blocks it took back.", float64(r.Depth))
}

func (p *printer) warnings(warnings []api.Warning) {
	p.head("spvd_warning_info", "Conditions that users should know of.")
	for _, w := range warnings {
		p.sample("spvd_warning_info", 1, label{"code", w.Code})
	}
}
