package arch

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSkippedByTheRaceDetectorRunsWithout holds that make test runs each test without the race
// detector that skips itself under it.
func TestSkippedByTheRaceDetectorRunsWithout(t *testing.T) {
	root := filepath.Join("..", "..")
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(makefile), "\\\n", " ")
	words := func(name string) []string {
		match := regexp.MustCompile(`(?m)^` + name + `\s*:=(.*)$`).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("the Makefile has no variable %s", name)
		}
		return strings.Fields(match[1])
	}
	named, rooms := words("UNRACED"), words("UNRACEDIN")
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	skips := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\) \{\n\trace\.Skip\(t\)`)
	found := 0
	for _, f := range tree.Files {
		if !f.Test() {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range skips.FindAllStringSubmatch(string(src), -1) {
			found++
			if !slices.Contains(named, match[1]) || !slices.Contains(rooms, "./"+path.Dir(f.Path)) {
				t.Errorf("%s: %s is skipped under the race detector, and make test does not run it without", f.Path, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no test skips itself: this one looks in the wrong place")
	}
}
