package arch

import (
	"go/ast"
	"slices"
)

func checkGo(t *Tree) []Finding {
	return t.inspect(func(_ *File, n ast.Node) []Finding {
		if _, bare := n.(*ast.GoStmt); bare {
			return []Finding{t.at(n, "bare go statement")}
		}
		return nil
	})
}

// unbubbled are the rooms whose production code runs in no bubble: they are modules of
// their own, so that they cannot import what is internal to this one.
func unbubbled() []string { return []string{"e2e", "internal/bench"} }

// checkWait finds timers that may be due when they are made. In production code that is
// each one outside internal/wait; a test may make one for a duration that it states.
func checkWait(t *Tree) []Finding {
	return t.inspect(func(f *File, n ast.Node) []Finding {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 || within(f.Room(), "internal/wait") {
			return nil
		}
		name, ok := ofTime(call.Fun)
		if !ok || !slices.Contains([]string{"After", "NewTimer", "NewTicker", "Tick"}, name) {
			return nil
		}
		exempt := slices.ContainsFunc(unbubbled(), func(dir string) bool { return within(f.Room(), dir) })
		if mayBeDue(call.Args[0]) || !f.Test() && !exempt {
			return []Finding{t.at(n, "time.%s", name)}
		}
		return nil
	})
}

// mayBeDue reports whether a duration is zero or counts down to a moment.
func mayBeDue(d ast.Expr) bool {
	due := false
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			due = due || n == d && n.Value == "0"
		case *ast.CallExpr:
			name, ok := ofTime(n.Fun)
			due = due || ok && name == "Until"
		}
		return true
	})
	return due
}

// ofTime returns the name of a function of package time.
func ofTime(fun ast.Expr) (string, bool) {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return sel.Sel.Name, ok && pkg.Name == "time"
}
