package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestFiguresOfTheProject holds that each figure of this repository can be measured.
func TestFiguresOfTheProject(t *testing.T) {
	var out, trouble bytes.Buffer
	if code := run([]string{filepath.Join("..", "..", "..", "..")}, &out, &trouble); code != 0 {
		t.Fatalf("exit code %d: %s", code, &trouble)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 7 {
		t.Errorf("%d figures:\n%s", len(lines), &out)
	}
	for _, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "0 ") {
			t.Errorf("nothing is measured: %s", line)
		}
	}
}

func TestTroubleIsReported(t *testing.T) {
	for code, args := range map[int][]string{1: {t.TempDir()}, 2: {"a", "b"}} {
		var out, trouble bytes.Buffer
		if got := run(args, &out, &trouble); got != code || trouble.Len() == 0 || out.Len() != 0 {
			t.Errorf("%q: exit code %d, %q", args, got, &trouble)
		}
	}
}
