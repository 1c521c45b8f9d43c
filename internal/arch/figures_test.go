package arch

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// treeOf parses sources by their paths.
func treeOf(t *testing.T, sources map[string]string) *Tree {
	t.Helper()
	tree := &Tree{Fset: token.NewFileSet()}
	for name, text := range sources {
		f, err := parser.ParseFile(tree.Fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		tree.Files = append(tree.Files, &File{Path: name, Lines: strings.Count(text, "\n"), AST: f})
	}
	return tree
}

// TestFigures measures a tree whose figures are counted by hand.
func TestFigures(t *testing.T) {
	tree := treeOf(t, map[string]string{
		"peer/a.go":          "package peer\ntype A struct{ b }\nfunc (a *A) One() { two() }\nfunc (a *A) own() {}\n",
		"peer/b.go":          "package peer\ntype b struct{}\nfunc (b) Two() {}\nfunc two() { three() }\nvar V A\n",
		"peer/c.go":          "package peer\nfunc three() {}\nconst X, y = 1, 2\ntype Asks interface{ Ask(); other() }\n",
		"peer/a_test.go":     "package peer\nfunc Four() {}\n",
		"peer/internal/d.go": "package d\nfunc Hidden() {}\n",
		"spv/ports.go":       "package spv\n\n\n",
		"spv/fake_test.go":   "package spv\n\n",
		"cmd/spvd/main.go":   "package main\nfunc main() {}\nfunc Exported() {}\n",
	})
	want := map[string]Figure{
		"production files":          {Value: 6},
		"files of the largest room": {Value: 3, Where: "peer"},
		"methods of the largest":    {Value: 3, Where: "peer.A"},
		"exported names":            {Value: 6}, // A, One, V, X, Asks, Ask
		"lines of ports":            {Value: 5},
		"lines of cmd/spvd":         {Value: 3},
		"file arrows":               {Value: 1}, // a uses b, b uses a and c
	}
	got := Figures(tree)
	if len(got) != len(want) {
		t.Errorf("%d figures, want %d", len(got), len(want))
	}
	for what, w := range want {
		for _, f := range got {
			if strings.HasPrefix(f.What, what) && (f.Value != w.Value || f.Where != w.Where) {
				t.Errorf("%s: got %d (%s), want %d (%s)", f.What, f.Value, f.Where, w.Value, w.Where)
			}
		}
	}
}

// TestFilesInOrderHaveNoBackArrows: only arrows in a circle run back.
func TestFilesInOrderHaveNoBackArrows(t *testing.T) {
	for circle, want := range map[string]int{"": 0, "func d() { a() }": 1} {
		tree := treeOf(t, map[string]string{
			"wallet/1.go": "package wallet\nfunc a() { b(); c() }\n",
			"wallet/2.go": "package wallet\nfunc b() { c() }\n",
			"wallet/3.go": "package wallet\nfunc c() {}\n" + circle,
		})
		pkg, info := tree.typed(tree.Files)
		if got := backArrows(tree, pkg, info); got != want {
			t.Errorf("with %q: %d arrows run back, want %d", circle, got, want)
		}
	}
}
