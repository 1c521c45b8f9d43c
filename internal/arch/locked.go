package arch

import (
	"go/ast"
	"slices"
	"strings"
)

// checkLocked holds the convention for locks. A field mu of type sync.Mutex or sync.RWMutex
// guards the fields of its struct that are declared below it. A method that uses a guarded
// field through its receiver takes the lock itself, or is called …Locked and leaves that to
// its callers, which take the lock or are called …Locked.
//
// Function literals that are passed to a method are left out: they run where that method
// calls them.
func checkLocked(t *Tree) []Finding {
	var out []Finding
	for room, files := range t.rooms() {
		if !slices.ContainsFunc(lockedRooms(), func(dir string) bool { return within(room, dir) }) {
			continue
		}
		guarded := make(map[string][]string) // fields by type
		for _, f := range files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if s, ok := spec.Type.(*ast.StructType); ok {
						guarded[spec.Name.Name] = belowLock(s)
					}
				}
				return true
			})
		}
		for _, f := range files {
			if f.Test() {
				continue
			}
			for _, d := range f.AST.Decls {
				if m, ok := d.(*ast.FuncDecl); ok {
					out = append(out, t.checkMethod(m, guarded)...)
				}
			}
		}
	}
	return out
}

// lockedRooms are the rooms that keep to the convention.
func lockedRooms() []string {
	return []string{"peer", "spv", "wallet", "internal", "adapter", "e2e", "cmd"}
}

// belowLock returns the names of the fields of a struct that are declared below its lock mu.
func belowLock(s *ast.StructType) (names []string) {
	locked := false
	for _, field := range s.Fields.List {
		for _, name := range field.Names {
			switch sel, ok := field.Type.(*ast.SelectorExpr); {
			case locked:
				names = append(names, name.Name)
			case ok && name.Name == "mu":
				locked = sel.Sel.Name == "Mutex" || sel.Sel.Name == "RWMutex"
			}
		}
	}
	return names
}

// checkMethod checks one method of a type with guarded fields.
func (t *Tree) checkMethod(m *ast.FuncDecl, guarded map[string][]string) []Finding {
	recv, of := receiver(m)
	fields := guarded[of]
	if recv == "" || len(fields) == 0 || m.Body == nil {
		return nil
	}
	named := strings.HasSuffix(m.Name.Name, "Locked")
	var locks, uses []ast.Node
	ast.Inspect(m.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if lock, ok := n.Fun.(*ast.SelectorExpr); ok && (lock.Sel.Name == "Lock" || lock.Sel.Name == "RLock") &&
				selected(lock.X, recv) == "mu" {
				locks = append(locks, n)
			}
			return selected(n.Fun, recv) == "" || !slices.ContainsFunc(n.Args, isFunc)
		case *ast.SelectorExpr:
			name := selected(n, recv)
			if slices.Contains(fields, name) || strings.HasSuffix(name, "Locked") {
				uses = append(uses, n)
			}
		}
		return true
	})
	switch {
	case named && len(locks) > 0:
		return []Finding{t.at(locks[0], "%s.%s takes the lock that its name says is held", of, m.Name.Name)}
	case !named && len(locks) == 0 && len(uses) > 0:
		return []Finding{t.at(uses[0], "%s.%s needs the lock: take it, or call the method …Locked", of, m.Name.Name)}
	}
	return nil
}

// receiver returns the names of the receiver of a method and of its type.
func receiver(m *ast.FuncDecl) (name, of string) {
	if m.Recv == nil || len(m.Recv.List[0].Names) == 0 {
		return "", ""
	}
	t := m.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return m.Recv.List[0].Names[0].Name, id.Name
	}
	return "", ""
}

// selected returns the name that is selected from a variable, empty for other expressions.
func selected(e ast.Expr, variable string) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == variable {
			return sel.Sel.Name
		}
	}
	return ""
}

func isFunc(e ast.Expr) bool {
	_, ok := e.(*ast.FuncLit)
	return ok
}
