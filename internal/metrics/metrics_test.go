package metrics

import (
	"errors"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

func facts() Facts {
	return Facts{
		Status: api.SyncStatus{
			Phase: "catching-up", Initialised: true, Ratio: 0.25, Since: 5, Peers: 3,
			Stages:    []api.Stage{{Name: "headers", Current: 10, Target: 20, Rate: 0.5}, {Name: "filters", Current: 7, Target: 20}},
			Tip:       api.Tip{Height: 10, Time: 1_700_000_000},
			Best:      api.Best{Height: 20},
			LastReorg: &api.Reorg{Time: 4, Depth: 2},
			Warnings:  []api.Warning{{Code: `odd "code"\` + "\n"}},
		},
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

// TestFormat holds every line to the grammar of the text format, and every
// sample to an introduction of its metric just before.
func TestFormat(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, facts()); err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^# HELP ([a-z_]+) .+\.$`)
	sample := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? [0-9.e+-]+$`)
	metric, seen := "", make(map[string]bool)
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if m := head.FindStringSubmatch(line); m != nil {
			if metric = m[1]; seen[metric] {
				t.Errorf("%s comes twice", metric)
			}
			seen[metric] = true
			continue
		}
		if line == "# TYPE "+metric+" gauge" {
			continue
		}
		if m := sample.FindStringSubmatch(line); m == nil || m[1] != metric {
			t.Errorf("line %q below metric %s", line, metric)
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d metrics", len(seen))
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
