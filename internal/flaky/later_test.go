package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLater builds a program that prints the time, and runs it today and later.
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
	for days, env := range map[int]string{0: "", 400: laterVariable + "=" + laterDays} {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), env)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		got, err := time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		if off := got.Sub(time.Now().AddDate(0, 0, days)).Abs(); off > time.Hour {
			t.Errorf("%d days later it is %s", days, got)
		}
	}
}
