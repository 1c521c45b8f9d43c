package proc

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// testTime bounds every wait of these tests.
const testTime = 10 * time.Second

// starterVariable tells the test program to be a starter instead.
const starterVariable = "PROC_TEST_STARTER"

// forever is a shell script that ends with code 7 when it is asked to.
const forever = `trap 'exit 7' TERM; echo ready; while :; do sleep 60 & wait; done`

func TestMain(m *testing.M) {
	if os.Getenv(starterVariable) != "" {
		beStarter()
		return
	}
	os.Exit(m.Run())
}

// beStarter starts a process that holds descriptor 3 and waits to be killed.
func beStarter() {
	if _, err := Start(Command{Path: "/bin/sleep", Args: []string{"60"}, Files: []*os.File{os.NewFile(3, "held")}}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("started")
	select {}
}

// shell runs a script that holds the write end of a pipe. The read end ends
// when the script and all it started are gone.
func shell(t *testing.T, script string) (p *Process, held *os.File) {
	t.Helper()
	return start(t, Command{Path: "/bin/sh", Args: []string{"-c", script}})
}

func start(t *testing.T, c Command) (p *Process, held *os.File) {
	t.Helper()
	held, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	defer end.Close()
	c.Files = []*os.File{end}
	p, err = Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill() })
	held.SetReadDeadline(time.Now().Add(testTime))
	return p, held
}

// awaitOutput waits until the process has written something.
func awaitOutput(t *testing.T, p *Process, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(p.Output(), want) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no %q in the output: %q", want, p.Output())
		}
	}
}

// awaitGone waits until nothing holds the pipe's other end.
func awaitGone(t *testing.T, held *os.File) {
	t.Helper()
	if _, err := io.Copy(io.Discard, held); err != nil {
		t.Errorf("something is still running: %v", err)
	}
}

func TestStopAsksFirst(t *testing.T) {
	p, _ := shell(t, forever)
	awaitOutput(t, p, "ready")
	ctx, cancel := context.WithTimeout(t.Context(), testTime)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(); code != 7 {
		t.Errorf("exit code %d, want the script's 7", code)
	}
	if err := p.Stop(ctx); err != nil {
		t.Errorf("stop again: %v", err)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	p, held := shell(t, `trap '' TERM; echo ready; while :; do sleep 60; done`)
	awaitOutput(t, p, "ready")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Stop(ctx); err == nil {
		t.Error("a killed process was stopped without an error")
	}
	awaitGone(t, held)
	if code := p.ExitCode(); code != -1 {
		t.Errorf("exit code %d, want -1 for a signal", code)
	}
}

func TestKillEndsTheWholeGroup(t *testing.T) {
	p, held := shell(t, `sleep 60 & sleep 60 & echo ready; wait`)
	awaitOutput(t, p, "ready")
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, held)
}

func TestDiesWithItsStarter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has death signals")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, held := start(t, Command{Path: self, Env: []string{starterVariable + "=1"}})
	awaitOutput(t, p, "started")
	// Only the starter: what it started leads a group of its own.
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, held)
}

func TestKeepsTheEndOfTheOutput(t *testing.T) {
	p, _ := shell(t, `i=0; while [ $i -lt 5000 ]; do echo "a line of output that is number $i"; i=$((i+1)); done`)
	<-p.Done()
	out := p.Output()
	if len(out) > outputKept {
		t.Errorf("%d bytes kept, want at most %d", len(out), outputKept)
	}
	if !strings.HasSuffix(out, "number 4999\n") {
		t.Errorf("the output ends with %q", out[max(0, len(out)-40):])
	}
}

func TestStartReportsAMissingProgram(t *testing.T) {
	if _, err := Start(Command{Path: "/nonexistent/program"}); err == nil {
		t.Error("a program that does not exist was started")
	}
}
