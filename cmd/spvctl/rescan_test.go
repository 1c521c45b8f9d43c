package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// searched is a job in the middle of a long chain.
func searched() api.Job {
	return api.Job{ID: 12, State: api.JobRunning, From: 500_000, At: 803_550, Target: 1_107_100, Progress: 0.5, Rate: 25123.4, ETA: 3723}
}

// rescanOn runs a rescan on a terminal, with a daemon whose job goes through states.
func rescanOn(t *testing.T, on screen, states []string, args ...string) outcome {
	t.Helper()
	var looks []api.Job
	for _, state := range states {
		j := searched()
		if j.State = state; state == "" {
			j.Error = "the disk is full"
		}
		looks = append(looks, j)
	}
	d := rpctest.NewOffline(t)
	look := func(context.Context, *method.Call) (any, error) { // one call at a time
		j := looks[0]
		if len(looks) > 1 {
			looks = looks[1:]
		}
		return j, nil
	}
	d.Find("rescanwallet").Handle, d.Find("getjob").Handle = look, look
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	args = append([]string{"-A", t.TempDir(), "-s", address, "--notls", "-u", rpctest.User, "-P", rpctest.Password, "rescan"}, args...)
	var out, errs bytes.Buffer
	code := run(t.Context(), args, nil, &console{out: &out, err: &errs, screen: func() screen { return on }})
	return outcome{code, out.String(), errs.String()}
}

// TestRescanOnATerminal follows rescans on terminals down to very narrow ones:
// nothing wraps, and nothing of what was drawn stays.
func TestRescanOnATerminal(t *testing.T) {
	for _, columns := range []int{120, 80, 40, 12, 3} {
		got := rescanOn(t, screen{columns: columns, rows: 24}, []string{api.JobQueued, api.JobRunning, api.JobDone})
		g := &glass{columns: max(columns, len("Done."))}
		g.write(t, strings.ReplaceAll(got.out, "…", "~"))
		if left := strings.TrimSpace(strings.Join(g.lines, "\n")); got.code != exitOK || left != "Done." {
			t.Errorf("%d columns: %+v leaves %q", columns, got, left)
		}
		if columns >= 40 && strings.Count(got.out, "50.0%") != 2 {
			t.Errorf("%d columns: written %q", columns, got.out)
		}
	}
}

// TestRescanThatDoesNotEndWell takes off what it has drawn before it says why.
func TestRescanThatDoesNotEndWell(t *testing.T) {
	for state, want := range map[string]string{api.JobCanceled: "was canceled", "": "job 12 waits: the disk is full"} {
		got := rescanOn(t, screen{columns: 40, rows: 24}, []string{api.JobRunning, state})
		if got.code != exitError || !strings.Contains(got.err, want) || !strings.HasSuffix(got.out, "\x1b[J") || !strings.Contains(got.out, "50.0%") {
			t.Errorf("%q: %+v", state, got)
		}
	}
}

// TestRescanAsJSON draws nothing, on a terminal either.
func TestRescanAsJSON(t *testing.T) {
	got := rescanOn(t, screen{columns: 80, rows: 24}, []string{api.JobRunning, api.JobDone}, "--json")
	if got.code != exitOK || !strings.HasPrefix(got.out, "{") || strings.ContainsAny(got.out, "\r\x1b") {
		t.Errorf("got %+v", got)
	}
}

// TestJobPictures holds a job to how it looks, and to every screen.
func TestJobPictures(t *testing.T) {
	j := searched()
	for columns, want := range map[int]string{
		80: "job 12   [#########----------]  50.0%   803,550/1,107,100  25,123/s   1h 2m left\n",
		40: "job 12   [###########-----------]  50.0%\n         803,550/1,107,100 25,123/s 1h …\n",
	} {
		if got := texts(jobPicture(&j, screen{columns: columns, rows: 24})); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", columns, got, want)
		}
	}
	for columns := range 200 {
		for rows := range 4 {
			got := jobPicture(&j, screen{columns: columns, rows: rows})
			if len(got) > max(rows-1, 1) {
				t.Errorf("%d lines on %d rows", len(got), rows)
			}
			for _, r := range got {
				if n := utf8.RuneCountInString(r.text); n > max(columns, 1) {
					t.Fatalf("%d columns: %q takes %d", columns, r.text, n)
				}
			}
		}
	}
}
