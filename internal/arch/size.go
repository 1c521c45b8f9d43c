package arch

import (
	"fmt"
	"go/ast"
)

func checkSize(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if f.Lines > maxFileLines {
			out = append(out, Finding{Path: f.Path, Text: fmt.Sprintf("%d lines, at most %d", f.Lines, maxFileLines)})
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || f.Test() {
				continue
			}
			if n := t.lines(fn); n > maxFuncLines {
				out = append(out, t.at(fn, "%s has %d lines, at most %d", fn.Name.Name, n, maxFuncLines))
			}
		}
	}
	return out
}

// lines counts the lines a node takes.
func (t *Tree) lines(n ast.Node) int {
	return t.Fset.Position(n.End()).Line - t.Fset.Position(n.Pos()).Line + 1
}
