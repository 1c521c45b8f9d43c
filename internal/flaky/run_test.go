package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
		{"one test twice", "--- FAIL: TestA (0.00s)\n--- FAIL: TestA (0.00s)\nFAIL\n", ended, []string{"TestA", "TestA"}},
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

// TestAlone: each test that ran is run alone, as often as fits into the time.
func TestAlone(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "program")
	const tests = `#!/bin/sh
echo "$@" >>args
cat <<END
=== RUN   TestQuick
--- PASS: TestQuick (0.00s)
--- PASS: TestParts (0.50s)
    --- PASS: TestParts/a (0.20s)
        --- PASS: TestParts/a/b (9.00s)
--- FAIL: TestParallel (0.00s)
    --- PASS: TestParallel/a (0.75s)
    --- FAIL: TestParallel/b (0.25s)
--- SKIP: TestNot (0.00s)
--- PASS: TestSlow (30.00s)
PASS
END
`
	if err := os.WriteFile(script, []byte(tests), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options{each: 5 * time.Second, parallel: 2, args: []string{"-test.timeout=1m"}}
	programs, err := o.alone(t.Context(), []program{{pkg: "a", dir: dir, path: script}})
	if err != nil {
		t.Fatal(err)
	}
	for range round(t.Context(), programs, condition{}, 1, o.args) {
		continue // the script notes its arguments
	}
	got, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `-test.paniconexit0 -test.timeout=1m -test.v
-test.paniconexit0 -test.timeout=1m -test.run=^TestParallel$ -test.count=5
-test.paniconexit0 -test.timeout=1m -test.run=^TestParts$ -test.count=10
-test.paniconexit0 -test.timeout=1m -test.run=^TestQuick$ -test.count=1000
-test.paniconexit0 -test.timeout=1m -test.run=^TestSlow$ -test.count=1
`
	if string(got) != want {
		t.Errorf("run with\n%s, want\n%s", got, want)
	}
}

// A package whose tests end before they can be listed is an error.
func TestAloneAfterACrash(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "program")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho 'panic: no'\nexit 2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options{each: time.Second, parallel: 1}
	if _, err := o.alone(t.Context(), []program{{pkg: "a", dir: dir, path: script}}); err == nil || !strings.Contains(err.Error(), "a: ") {
		t.Errorf("%v", err)
	}
}
