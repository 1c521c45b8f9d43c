package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFailures(t *testing.T) {
	ended := errors.New("exit status 2")
	for _, test := range []struct {
		name   string
		output string
		err    error
		want   []string
	}{
		{"a clean run", "PASS\n", nil, nil},
		{"a test", "--- FAIL: TestA (0.00s)\n    a_test.go:1: no\nFAIL\n", ended, []string{"TestA"}},
		{"subtests", "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/x (0.00s)\n        --- FAIL: TestA/x/y (0.0s)\n    --- FAIL: TestA/z (0.00s)\n", ended, []string{"TestA/x/y", "TestA/z"}},
		{"a name that begins like another", "--- FAIL: TestA (0.00s)\n--- FAIL: TestAB (0.00s)\n", ended, []string{"TestA", "TestAB"}},
		{"a crash", "log\nSIGSEGV: segmentation violation\ngoroutine 1\n", ended, []string{"(exit status 2: SIGSEGV: segmentation violation)"}},
		{"no words", "", ended, []string{"(exit status 2: no reason in its output)"}},
	} {
		if got := failures(test.output, test.err); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestShown(t *testing.T) {
	const reason = "    a_test.go:7: 1 peers, want 2"
	log := strings.Repeat("    daemon says what it does\n", 1000)
	if got := shown(reason + "\n" + log + "FAIL\n"); !strings.HasPrefix(got, reason+"\n...\n") || !strings.HasSuffix(got, "\nFAIL\n") ||
		len(got) > shownOutput+100 {
		t.Errorf("%d bytes are shown: %.200s", len(got), got)
	}
	if short := reason + "\nFAIL\n"; shown(short) != short {
		t.Errorf("%q is shown as %q", short, shown(short))
	}
}

// The programs of a round run side by side, and all have ended when the loop is left early.
func TestRound(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "program")
	meet := "#!/bin/sh\ntouch " + dir + "/$$.begun\nuntil [ $(ls " + dir + " | grep -c begun) -ge 2 ]; do sleep 0.01; done\n"
	if err := os.WriteFile(script, []byte(meet), 0o700); err != nil {
		t.Fatal(err)
	}
	programs := []program{{pkg: "a", dir: dir, path: script}, {pkg: "b", dir: dir, path: script}}
	var ended []string
	for r := range round(t.Context(), programs, condition{}, 2, nil) {
		ended = append(ended, r.pkg+" "+r.verdict())
	}
	slices.Sort(ended)
	if want := []string{"a ok", "b ok"}; !slices.Equal(ended, want) {
		t.Errorf("ended: %q, want %q", ended, want)
	}
	for r := range round(t.Context(), programs, condition{busy: true}, 1, nil) {
		if r.pkg != "a" {
			t.Errorf("the first to end is %s", r.pkg)
		}
		break
	}
}
