package arch

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// checkVars finds package variables that change or are made to change.
//
// Each room is type checked without its imports: names of the room resolve,
// foreign types stay unknown. That is enough to tell a package variable from a
// local one of the same name, whichever file declares it.
func checkVars(t *Tree) []Finding {
	var out []Finding
	for _, files := range t.rooms() {
		byPackage := map[string][]*ast.File{} // p and p_test share a directory
		for _, f := range files {
			name := f.AST.Name.Name
			byPackage[name] = append(byPackage[name], f.AST)
		}
		for name, asts := range byPackage {
			out = append(out, t.checkPackageVars(name, asts)...)
		}
	}
	return out
}

func (t *Tree) checkPackageVars(name string, files []*ast.File) []Finding {
	info := &types.Info{
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{
		Importer: noImports{},
		Error:    func(error) {}, // foreign names do not resolve
	}
	// The error is one of those reported to conf.Error.
	pkg, _ := conf.Check(name, t.Fset, files, info)

	v := varChecker{tree: t, pkg: pkg, info: info, linked: map[string]bool{}}
	for _, f := range files {
		for _, decl := range f.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.VAR {
				v.declared(gen)
				v.link(gen)
			}
		}
		ast.Inspect(f, v.visit)
	}
	return v.found
}

// noImports makes every import fail.
type noImports struct{}

// Import implements types.Importer.
func (noImports) Import(string) (*types.Package, error) {
	return nil, errors.New("imports are not loaded")
}

// varChecker collects what is wrong with the variables of one package.
type varChecker struct {
	tree  *Tree
	pkg   *types.Package
	info  *types.Info
	found []Finding

	// linked are names of variables of other packages, which are no state of this
	// one: a test program reaches into a real client so.
	linked map[string]bool
}

// link notes the variables of a declaration that are linked to another package.
func (v *varChecker) link(gen *ast.GenDecl) {
	if gen.Doc == nil {
		return
	}
	for _, c := range gen.Doc.List {
		if name, ok := strings.CutPrefix(c.Text, "//go:linkname "); ok {
			name, _, _ = strings.Cut(name, " ")
			v.linked[name] = true
		}
	}
}

func (v *varChecker) report(n ast.Node, format string, args ...any) {
	v.found = append(v.found, v.tree.at(n, format, args...))
}

// declared reports variables whose types are of no use unless they change.
func (v *varChecker) declared(gen *ast.GenDecl) {
	for _, spec := range gen.Specs {
		spec := spec.(*ast.ValueSpec)
		exprs := append([]ast.Expr{spec.Type}, spec.Values...)
		for _, e := range exprs {
			if name := mutableType(e); name != "" {
				v.report(spec, "package variable %s of type %s", spec.Names[0].Name, name)
			}
		}
	}
}

// mutableType returns the name of a type that exists to be changed, if the
// expression names one or makes a value of one.
func mutableType(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return mutableType(e.Type)
	case *ast.UnaryExpr:
		return mutableType(e.X)
	case *ast.StarExpr:
		return mutableType(e.X)
	case *ast.IndexExpr:
		return mutableType(e.X)
	case *ast.ChanType:
		return "chan"
	case *ast.CallExpr:
		if fn, ok := e.Fun.(*ast.Ident); ok && (fn.Name == "make" || fn.Name == "new") && len(e.Args) > 0 {
			return mutableType(e.Args[0])
		}
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		if !ok {
			return ""
		}
		switch name := pkg.Name + "." + e.Sel.Name; name {
		case "sync.Mutex", "sync.RWMutex", "sync.Once", "sync.Pool", "sync.Map", "sync.WaitGroup",
			"bytes.Buffer", "strings.Builder", "rand.Rand":
			return name
		}
		if pkg.Name == "atomic" {
			return "atomic." + e.Sel.Name
		}
	}
	return ""
}

// visit reports statements that change a package variable, or let others.
func (v *varChecker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, lhs := range n.Lhs {
			v.changed(lhs, "assigned to")
		}
	case *ast.IncDecStmt:
		v.changed(n.X, "counted")
	case *ast.RangeStmt:
		v.changed(n.Key, "assigned to")
		v.changed(n.Value, "assigned to")
	case *ast.SendStmt:
		v.changed(n.Chan, "sent to")
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			v.changed(n.X, "pointed at")
		}
	case *ast.CallExpr:
		v.called(n)
	}
	return true
}

// called reports builtins that change their first argument, and methods with
// a pointer receiver on a variable that is no pointer.
func (v *varChecker) called(call *ast.CallExpr) {
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		_, builtin := v.info.Uses[fn].(*types.Builtin)
		if builtin && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") {
			v.changed(call.Args[0], "changed by "+fn.Name)
		}
	case *ast.SelectorExpr:
		sel := v.info.Selections[fn]
		if sel == nil || sel.Kind() != types.MethodVal {
			return
		}
		recv := sel.Obj().Type().(*types.Signature).Recv()
		_, byPointer := recv.Type().(*types.Pointer)
		if _, isPointer := sel.Recv().(*types.Pointer); byPointer && !isPointer {
			v.changed(fn.X, "pointed at by method "+fn.Sel.Name)
		}
	}
}

// changed reports the package variable at the root of an operand, of this
// package or another.
func (v *varChecker) changed(operand ast.Expr, how string) {
	for {
		switch e := operand.(type) {
		case *ast.ParenExpr:
			operand = e.X
		case *ast.IndexExpr:
			operand = e.X
		case *ast.SliceExpr:
			operand = e.X
		case *ast.StarExpr:
			operand = e.X
		case *ast.SelectorExpr:
			operand = e.X
		case *ast.Ident:
			switch obj := v.info.Uses[e].(type) {
			case *types.Var:
				if obj.Parent() == v.pkg.Scope() && !v.linked[e.Name] {
					v.report(e, "package variable %s is %s", e.Name, how)
				}
			case *types.PkgName:
				v.report(e, "a variable of package %s is %s", e.Name, how)
			}
			return
		default:
			return
		}
	}
}
