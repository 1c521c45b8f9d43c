package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What package time is changed by, so that a program can be told that it runs later: the
// wall clock outside bubbles is moved by the days that the variable names. Its name is none of
// spvd's settings: tests keep those from the programs that they start, which have to run later too.
const (
	laterVariable = "FLAKY_DAYS"
	laterDays     = "400"

	readsClock = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	laterClock = "\tsec, nsec, mono := runtimeNow()\n\tif !runtimeIsBubbled() {\n\t\tsec += flakySeconds\n\t}\n\tif mono == 0 {"
	laterCode  = `package time

import "syscall"

var flakySeconds = func() (seconds int64) {
	s, _ := syscall.Getenv("` + laterVariable + `")
	for _, c := range s {
		seconds = seconds*10 + int64(c-'0')
	}
	return seconds * 24 * 60 * 60
}()
`
)

// overlay writes the changed package time into a directory, and returns the file for the
// option -overlay of the go command. It returns an error if this Go reads the clock in
// another way than the one known here.
func overlay(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the Go source: %w", err)
	}
	std := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	source, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		return "", fmt.Errorf("read package time: %w", err)
	}
	if n := strings.Count(string(source), readsClock); n != 1 {
		return "", fmt.Errorf("package time of this Go reads the clock in %d places like %q, not in one: change internal/flaky/later.go", n, readsClock)
	}
	changed := strings.Replace(string(source), readsClock, laterClock, 1)
	replaced := map[string]string{
		filepath.Join(std, "time.go"):  filepath.Join(dir, "time.go"),
		filepath.Join(std, "flaky.go"): filepath.Join(dir, "flaky.go"),
	}
	table, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	for file, content := range map[string][]byte{
		filepath.Join(dir, "time.go"):  []byte(changed),
		filepath.Join(dir, "flaky.go"): []byte(laterCode),
		name:                           table,
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return "", err
		}
	}
	return name, nil
}
