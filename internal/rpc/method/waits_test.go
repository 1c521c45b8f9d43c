package method

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// waiting are the functions of the core that wait for peers, for the sync or for votes, as
// FIELD.METHOD of a Core.
var waiting = []string{"Syncer.Block", "Syncer.Changes", "Syncer.Filter", "Syncer.Publish", "Syncer.Wait", "Votes.Wait"}

// source is what the functions of a package call, and which of them declare methods.
type source struct {
	calls  map[string][]string // by the name of the function: functions of the package and waiting ones
	method map[string]bool     // functions that declare a method: whether with Waits or Websocket
}

// readSource reads the functions of this package that are no tests.
func readSource(t *testing.T) source {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	s := source{make(map[string][]string), make(map[string]bool)}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				s.add(fn)
			}
		}
	}
	return s
}

// add adds a function.
func (s *source) add(fn *ast.FuncDecl) {
	name := fn.Name.Name
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			s.calls[name] = append(s.calls[name], n.Name)
		case *ast.SelectorExpr:
			if field, ok := n.X.(*ast.SelectorExpr); ok {
				s.calls[name] = append(s.calls[name], field.Sel.Name+"."+n.Sel.Name)
			}
		case *ast.CompositeLit:
			if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Method" {
				s.method[name] = sets(n, "Waits") || sets(n, "Websocket")
			}
		}
		return true
	})
}

// sets reports whether a literal sets a field.
func sets(lit *ast.CompositeLit, field string) bool {
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := kv.Key.(*ast.Ident)
		return ok && key.Name == field
	})
}

// waits returns the waiting function that a function reaches, empty if none.
func (s *source) waits(name string, seen map[string]bool) string {
	if slices.Contains(waiting, name) {
		return name
	}
	if seen[name] {
		return ""
	}
	seen[name] = true
	for _, callee := range s.calls[name] {
		if found := s.waits(callee, seen); found != "" {
			return found
		}
	}
	return ""
}

// TestNoMethodWaitsInATurn: there is a turn for every other processor, so a method that
// waited in one for a search of old blocks, or for a peer that sends nothing, would keep all
// other calls waiting as well.
func TestNoMethodWaitsInATurn(t *testing.T) {
	s := readSource(t)
	found := make(map[string]bool)
	for name, takesNone := range s.method {
		reached := s.waits(name, make(map[string]bool))
		if found[reached] = true; reached != "" && !takesNone {
			t.Errorf("the method of %s calls %s, and does not set Waits", name, reached)
		}
	}
	for _, must := range []string{"Syncer.Block", "Syncer.Changes", "Syncer.Filter", "Syncer.Publish", "Votes.Wait"} {
		if !found[must] {
			t.Errorf("no method is seen to call %s: the test sees too little", must)
		}
	}
}
