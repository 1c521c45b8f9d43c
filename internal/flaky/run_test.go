package main

import (
	"errors"
	"slices"
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
