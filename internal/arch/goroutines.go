package arch

import "go/ast"

func checkGo(t *Tree) []Finding {
	return t.inspect(func(_ *File, n ast.Node) []Finding {
		if _, bare := n.(*ast.GoStmt); bare {
			return []Finding{t.at(n, "bare go statement")}
		}
		return nil
	})
}

func checkSleep(t *Tree) []Finding {
	return t.inspect(func(f *File, n ast.Node) []Finding {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !f.Test() || sel.Sel.Name != "Sleep" {
			return nil
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
			return []Finding{t.at(n, "time.Sleep in a test")}
		}
		return nil
	})
}
