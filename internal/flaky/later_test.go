package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLater builds a program that prints the time, and compares it with what it prints later.
func TestLater(t *testing.T) {
	dir := t.TempDir()
	changed, err := overlay(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "main.go")
	const clock = "package main\n\nimport \"time\"\n\nfunc main() { print(time.Now().UTC().Format(time.RFC3339)) }\n"
	if err := os.WriteFile(source, []byte(clock), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "clock")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", changed, "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	now := func(days string) time.Time {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), laterVariable+"="+days)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		got, err := time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	// The clock of the test itself may be a later one.
	if later := now(laterDays).Sub(now("")); (later - 400*24*time.Hour).Abs() > time.Hour {
		t.Errorf("%s days later it is %s later", laterDays, later)
	}
}
