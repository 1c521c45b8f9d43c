package interrupt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// The variables by which a process that is to be killed learns of it.
const (
	envTest  = "INTERRUPT_TEST"  // the name of the test
	envPoint = "INTERRUPT_POINT" // the point, from one
	envDir   = "INTERRUPT_DIR"   // the directory of the life
)

// Life is one life of a worker: it starts the worker on the files of a directory, which is empty in
// the first life, and stops it when it has reached its goal, or has ended because it was struck. It
// fails the test if the goal of a life that was not struck is not reached, if a stop takes too long,
// or if the worker does not show what has happened. It runs in a bubble of virtual time.
type Life func(t *testing.T, dir string, p *Points)

// Every runs lives that are struck, in the given ways, at all points, or at so many of them, evenly,
// if sample is not zero. It logs the numbers. Deeds that a point was struck at are counted by name.
func Every(t *testing.T, sample int, ways []Way, live Life) {
	t.Helper()
	if os.Getenv(envTest) == t.Name() {
		die(t, live)
		return
	}
	if os.Getenv(envTest) != "" {
		t.Skip("another test is to be killed")
	}
	whole := &Points{}
	run(t, t.TempDir(), whole, live)
	total := len(whole.names())
	if total == 0 {
		t.Fatal("there is no blocking point")
	}
	step := 1
	if sample > 0 {
		step = max(1, total/sample)
	}
	counts := make(map[Way]int)
	missed := 0
	for _, way := range ways {
		for at := 1; at <= total; at += step {
			dir := t.TempDir()
			struck := strike(t, dir, way, at, live)
			if struck == "" {
				missed++ // what goroutines do in which order may differ a little
				continue
			}
			counts[way]++
			if t.Failed() {
				t.Fatalf("%v at point %d of %d: %s", way, at, total, struck)
			}
			run(t, dir, &Points{again: true}, live)
			if t.Failed() {
				t.Fatalf("the life after one that was %v at point %d of %d: %s", way, at, total, struck)
			}
		}
	}
	said := fmt.Sprintf("%d blocking points (%s)", total, summary(whole.names()))
	for _, way := range ways {
		said += fmt.Sprintf(", %d lives %v", counts[way], way)
	}
	t.Logf("%s; the next one reached its goal each time", said)
	if lives := len(ways) * ((total-1)/step + 1); missed > lives/5+1 {
		t.Errorf("%d of %d lives ended before the point that they were to be struck at", missed, lives)
	}
}

// strike has a life that is struck, and returns what was done at the point, empty if it was not
// reached.
func strike(t *testing.T, dir string, way Way, at int, live Life) string {
	t.Helper()
	if way != Kill {
		p := &Points{way: way, at: at}
		run(t, dir, p, live)
		return p.Struck()
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	cmd.Env = append(os.Environ(), envTest+"="+t.Name(), envPoint+"="+strconv.Itoa(at), envDir+"="+dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &exit) || runtime.GOOS != "windows" && exit.ExitCode() != -1: // not by a signal
		t.Errorf("the process that is to be killed: %v\n%s", err, out)
	}
	return "its process is killed"
}

// die has the life that is killed.
func die(t *testing.T, live Life) {
	at, err := strconv.Atoi(os.Getenv(envPoint))
	if err != nil {
		t.Fatal(err)
	}
	run(t, os.Getenv(envDir), &Points{way: Kill, at: at}, live)
}

// run has a life in virtual time. No file of its directory may be open after it.
func run(t *testing.T, dir string, p *Points, live Life) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { live(t, dir, p) })
	for _, name := range openBelow(dir) {
		t.Errorf("%s is open at the end", name)
	}
}

// openBelow returns the open files of this process in a directory; none where the system does not
// tell.
func openBelow(dir string) (open []string) {
	const fds = "/proc/self/fd"
	entries, err := os.ReadDir(fds)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		name, err := os.Readlink(filepath.Join(fds, entry.Name()))
		if err == nil && strings.HasPrefix(name, dir+string(filepath.Separator)) {
			open = append(open, name)
		}
	}
	return open
}

// summary counts names.
func summary(names []string) string {
	counts := make(map[string]int)
	var order []string
	for _, name := range names {
		if counts[name] == 0 {
			order = append(order, name)
		}
		counts[name]++
	}
	for i, name := range order {
		order[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(order, ", ")
}
