package metertest

import (
	"debug/elf"
	"debug/gosym"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/bench/meter"
)

// NamesFunctions fails if a rule names no function of a command. What such
// a rule was to count goes to another part, silently, after functions have moved.
func NamesFunctions(t *testing.T, command string, rules []meter.Rule) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the table of functions is read from an ELF file")
	}
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, command).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v: %s", command, err, out)
	}
	names := functions(t, program)
	for _, r := range rules {
		named := func(name string) bool { return strings.HasPrefix(name, r.Function) }
		if !slices.ContainsFunc(names, named) {
			t.Errorf("no function of %s begins with %s, which the part %q counts", command, r.Function, r.Part)
		}
	}
}

// functions returns the names of all functions of a program.
func functions(t *testing.T, path string) []string {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, lines := file.Section(".text"), file.Section(".gopclntab")
	if text == nil || lines == nil {
		t.Fatalf("%s has no table of functions", path)
	}
	data, err := lines.Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(table.Funcs))
	for i := range table.Funcs {
		names = append(names, table.Funcs[i].Name)
	}
	return names
}
