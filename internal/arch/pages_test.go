package arch

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPagesPointSomewhere checks what the pages for readers name: the files that they
// link to, Go files by their path or name, tests and benchmarks, and targets of the Makefile.
// Where code moves, its description has to.
func TestPagesPointSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range dangling(string(text), tree, string(rules), filepath.Dir(page)) {
			t.Errorf("%s points to %s, which is not there", filepath.Base(page), to)
		}
	}
}

func TestDanglingPointersAreFound(t *testing.T) {
	text := "[here](pages_test.go) [gone](gone.md#part) [web](https://example.org/gone.md)\n" +
		"`pages_test.go` `internal/arch/moved.go` `arch/pages_test.go` `lost.go`\n    make all   # or `make none`\n" +
		"`TestHere/case` `TestHe…` `FuzzGone`\n"
	file := &ast.File{Decls: []ast.Decl{&ast.FuncDecl{Name: ast.NewIdent("TestHere")}}}
	tree := &Tree{Files: []*File{{Path: "internal/arch/pages_test.go", AST: file}}}
	got := dangling(text, tree, "all: build\n", ".")
	if want := []string{"gone.md", "internal/arch/moved.go", "lost.go", "FuzzGone", "make none"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// dangling returns what a page in a directory names that does not exist.
func dangling(text string, tree *Tree, makefile, dir string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(m[1]))); err != nil {
			out = append(out, m[1])
		}
	}
	for _, m := range regexp.MustCompile("`([A-Za-z0-9_./-]+\\.go)`").FindAllStringSubmatch(text, -1) {
		if !slices.ContainsFunc(tree.Files, func(f *File) bool { return f.Path == m[1] || strings.HasSuffix(f.Path, "/"+path.Clean(m[1])) }) {
			out = append(out, m[1])
		}
	}
	tests := testsIn(tree)
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)(…?)").FindAllStringSubmatch(text, -1) {
		if !slices.ContainsFunc(tests, func(name string) bool { return name == m[1] || m[2] != "" && strings.HasPrefix(name, m[1]) }) {
			out = append(out, m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)(?:^    |`)make ([a-z]+)").FindAllStringSubmatch(text, -1) {
		if !strings.Contains("\n"+makefile, "\n"+m[1]+":") {
			out = append(out, "make "+m[1])
		}
	}
	return out
}

// testsIn returns the names of the functions in test files.
func testsIn(tree *Tree) (names []string) {
	for _, f := range tree.Files {
		if !f.Test() {
			continue
		}
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
