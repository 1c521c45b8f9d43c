package arch

import (
	"go/ast"
	"go/token"
)

// checkSleep finds the sleeps of tests: each time.Sleep, and each statement that only receives
// from time.After, unless it is run in a bubble of testing/synctest, whose time is virtual.
func checkSleep(t *Tree) []Finding {
	out := t.inspect(func(f *File, n ast.Node) []Finding {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !f.Test() {
			return nil
		}
		if name, ok := ofTime(sel); ok && name == "Sleep" {
			return []Finding{t.at(n, "time.Sleep in a test")}
		}
		return nil
	})
	for _, files := range t.rooms() {
		var funcs []*ast.FuncDecl
		for _, f := range files {
			for _, d := range f.AST.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && f.Test() && fn.Body != nil {
					funcs = append(funcs, fn)
				}
			}
		}
		bubbled := inBubbles(funcs)
		for _, fn := range funcs {
			if bubbled[fn.Name.Name] {
				continue
			}
			limits := make(map[ast.Stmt]bool) // cases of select statements, which wait for an event too
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if c, ok := n.(*ast.CommClause); ok {
					limits[c.Comm] = true
				}
				if s, ok := n.(*ast.ExprStmt); ok && receivesAfter(s.X) && !limits[s] {
					out = append(out, t.at(n, "<-time.After outside a bubble"))
				}
				return true
			})
		}
	}
	return out
}

// receivesAfter reports whether an expression is <-time.After(…).
func receivesAfter(e ast.Expr) bool {
	receive, ok := e.(*ast.UnaryExpr)
	if !ok || receive.Op != token.ARROW {
		return false
	}
	call, ok := receive.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := ofTime(call.Fun)
	return ok && name == "After"
}

// inBubbles returns the names of the functions and methods that may run in a bubble: those
// that begin one, by themselves or through others, and all that these use.
func inBubbles(funcs []*ast.FuncDecl) map[string]bool {
	uses := make(map[string]map[string]bool) // names by function
	for _, fn := range funcs {
		names := uses[fn.Name.Name]
		if names == nil {
			names = make(map[string]bool)
			uses[fn.Name.Name] = names
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names[id.Name] = true
			}
			return true
		})
	}
	begin := map[string]bool{"synctest": true}
	for grown := true; grown; {
		grown = false
		for name, of := range uses {
			for used := range of {
				if begin[used] && !begin[name] {
					begin[name], grown = true, true
				}
			}
		}
	}
	in := make(map[string]bool)
	var enter func(name string)
	enter = func(name string) {
		if in[name] || uses[name] == nil {
			return
		}
		in[name] = true
		for used := range uses[name] {
			enter(used)
		}
	}
	for name := range begin {
		enter(name)
	}
	return in
}
