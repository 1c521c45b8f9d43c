package arch

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepository holds the whole repository to the rules.
func TestRepository(t *testing.T) {
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("the sources are not where this test expects them: %v", err)
	}
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			findings := rule.Check(tree)
			for _, f := range findings {
				t.Error(f)
			}
			if len(findings) > 0 {
				t.Log("why: " + rule.Why)
			}
		})
	}
}

// TestRoomsExist holds that each room of the table of arrows has source files: an arrow of
// a room that is gone or not there yet allows or forbids nothing.
func TestRoomsExist(t *testing.T) {
	tree, err := Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, f := range tree.Files {
		if r, ok := roomOf(f.Room()); ok {
			found[r.dir] = true
		}
	}
	for _, r := range rooms() {
		if !found[r.dir] {
			t.Errorf("no source file is in the room %s", r.dir)
		}
	}
}

// TestRulesFindTheirFaults compares what the rules find in the bad tree with
// the lines in it that end in "want RULE", and with the faults of whole files
// and rooms listed here.
func TestRulesFindTheirFaults(t *testing.T) {
	root := filepath.Join("testdata", "bad")
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		"arrows internal/unlisted/doc.go": true,
		"docs peer/doc.go":                true,
		"docs spv/chain/doc.go":           true,
		"docs wallet":                     true,
		"names wallet/sync_manager.go":    true,
		"errors docs/errors.md":           true,
		"screens peer/doc.go:123":         true,
	}
	for _, f := range tree.Files {
		readWants(t, root, f.Path, want)
	}
	checkFindings(t, tree, want)
}

func readWants(t *testing.T, root, name string, want map[string]bool) {
	t.Helper()
	f, err := os.Open(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if _, rule, ok := strings.Cut(lines.Text(), "// want "); ok {
			want[fmt.Sprintf("%s %s:%d", rule, name, n)] = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func checkFindings(t *testing.T, tree *Tree, want map[string]bool) {
	t.Helper()
	for _, rule := range Rules() {
		for _, f := range rule.Check(tree) {
			key := rule.Name + " " + f.Path
			if f.Line != 0 {
				key += fmt.Sprintf(":%d", f.Line)
			}
			if _, known := want[key]; !known {
				t.Errorf("rule %s finds %s, which is no fault", rule.Name, f)
			}
			want[key] = false
		}
	}
	for key, missed := range want {
		if missed {
			t.Errorf("not found: %s", key)
		}
	}
}
