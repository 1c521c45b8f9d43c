//go:build cgo

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/engine/enginetest"
	"github.com/spvd/spvd/internal/testenv"
)

var (
	cycles   = flag.Int("cycles", 20, "how often a client is started and stopped at a random moment")
	sanitize = flag.String("sanitize", "", "detector that the library and the program of the cycles are built with: address")
)

// longestCycle is how long a client runs at most before it is stopped, in microseconds.
const longestCycle = "60000"

func TestMain(m *testing.M) {
	testenv.Set()
	os.Exit(m.Run())
}

// compiler returns the C compiler of the toolchain.
func compiler(t *testing.T) string {
	t.Helper()
	name := strings.TrimSpace(output(t, "go", "env", "CC"))
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no C compiler is installed: %v", err)
	}
	return name
}

// output runs a command and returns what it prints, on both streams.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// settings returns the configuration of a client that watches the account of the network.
func settings(t *testing.T, n *enginetest.Network) string {
	t.Helper()
	text, err := json.Marshal(engine.Config{
		Dir: t.TempDir(), Network: "simnet", Connect: []string{n.Address},
		Accounts: []engine.Account{{Name: "default", Xpub: enginetest.Xpub}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestHeaderFitsCPlusPlus: the header is one for C++ as well.
func TestHeaderFitsCPlusPlus(t *testing.T) {
	cxx := strings.TrimSpace(output(t, "go", "env", "CXX"))
	if _, err := exec.LookPath(cxx); err != nil {
		t.Skipf("no C++ compiler is installed: %v", err)
	}
	program := filepath.Join(t.TempDir(), "program.cpp")
	if err := os.WriteFile(program, []byte("#include \"spvd.h\"\nint main() { return spvd_abi() - SPVD_ABI; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, cxx, "-Wall", "-Wextra", "-Werror", "-pedantic", "-I.", "-fsyntax-only", program)
}

// TestCyclesInC runs a program that opens, starts, calls, stops and closes a client at random
// moments, linked with the archive. It holds no more in the end than after the first cycles, and
// the wallet has what it was paid. With -sanitize a detector watches it.
func TestCyclesInC(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process holds is read from /proc, which only Linux has")
	}
	cc := compiler(t)
	dir := t.TempDir()
	archive, program := filepath.Join(dir, "libspvd.a"), filepath.Join(dir, "cycles")
	build := []string{"build", "-buildmode=c-archive", "-o", archive}
	compile := []string{"-Wall", "-Wextra", "-Werror", "-I.", "-o", program, "testdata/cycles.c", archive, "-lpthread", "-lresolv"}
	switch *sanitize {
	case "":
	case "address":
		build, compile = append(build, "-asan"), append(compile, "-fsanitize=address", "-g")
	default:
		t.Fatalf("there is no detector %q, use address", *sanitize)
	}
	output(t, "go", append(build, ".")...)
	output(t, cc, compile...)

	n := enginetest.Start(t, 400)
	config := settings(t, n)
	report := output(t, program, config, fmt.Sprint(*cycles), "1", longestCycle)
	t.Logf("%d cycles\n%s", *cycles, report)
	var before, after holding
	_, err := fmt.Sscanf(report, "before files %d threads %d anonymous %d kB\nafter files %d threads %d anonymous %d kB",
		&before.files, &before.threads, &before.anonymous, &after.files, &after.threads, &after.anonymous)
	if err != nil {
		t.Fatalf("the report cannot be read: %v\n%s", err, report)
	}
	after.check(t, before)
	wantBalance(t, config)
}

// holding is what a process holds.
type holding struct{ files, threads, anonymous int } // in kB

// Threads of the Go runtime stay for later use, and its heap breathes: that is no leak as long
// as it does not grow with the cycles.
const (
	moreThreads   = 24
	moreAnonymous = 48 << 10 // kB
)

// check fails if a process holds more than before.
func (h holding) check(t *testing.T, before holding) {
	t.Helper()
	if h.files > before.files || h.threads > before.threads+moreThreads || h.anonymous > before.anonymous+moreAnonymous {
		t.Errorf("the process holds %+v, before it held %+v", h, before)
	}
}

// wantBalance fails unless the wallet that the program has left has the payment.
func wantBalance(t *testing.T, config string) {
	t.Helper()
	e, err := engine.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	balance, err := e.Call("", "getbalance", "")
	if err != nil || !strings.Contains(balance, `"cumulativetotal":5,`) && *cycles >= 20 {
		t.Errorf("the wallet has %s, %v", balance, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
