package arch

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// libraryRooms are the public packages whose exported names other rooms need. Those of adapters are
// for programs elsewhere: no room calls them.
func libraryRooms() []string { return []string{".", "peer", "spv", "wallet"} }

// forTests are exported names that only tests of other rooms use, which have no other way.
func forTests() []string {
	return []string{
		"spv/chain.Reader.Leftover", // tests of spv wait until what is below the floor is deleted
		"wallet.Unusable",           // a test of rpc holds that each of these errors has a code
	}
}

// checkExported demands that each exported name of a public package is used by a file of another
// room, or by an example. Tests do not count. A type may also be part of an exported declaration
// of its package, and a constant be of such a type or stand in a group with one that is used.
// An interface may be implemented in another room: that has a method of each of its names.
// Errors are needed by programs that embed the client, see checkErrors.
//
// It knows names by their spelling: a method that is called like one of a foreign type passes.
func checkExported(t *Tree) []Finding {
	uses := t.usesByRoom()
	var out []Finding
	for room, files := range t.public() {
		if !slices.ContainsFunc(libraryRooms(), func(dir string) bool { return room == dir || dir != "." && within(room, dir) }) {
			continue
		}
		shown, aliased := shownTypes(files)
		e := exports{tree: t, room: room, uses: uses, shown: shown, aliased: aliased}
		for _, f := range files {
			if f.Test() {
				continue
			}
			for _, d := range f.AST.Decls {
				out = append(out, e.check(d)...)
			}
		}
	}
	return out
}

// nameUse is the use of a name: the package that it is selected from, by its directory, or empty
// for a field, a method or an element of an interface. A method that is declared has the room
// "method".
type nameUse struct{ room, name string }

// usesByRoom returns the rooms that use each name, by production files and examples.
func (t *Tree) usesByRoom() map[nameUse]map[string]bool {
	uses := make(map[nameUse]map[string]bool)
	for _, f := range t.Files {
		example := strings.HasPrefix(path.Base(f.Path), "example")
		if f.Test() && !example {
			continue
		}
		user := f.Room()
		if example {
			user += " example"
		}
		add := func(room, name string) {
			u := nameUse{room, name}
			if uses[u] == nil {
				uses[u] = make(map[string]bool)
			}
			uses[u][user] = true
		}
		imported := importedRooms(f)
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil {
					add("method", n.Name.Name)
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && imported[x.Name] != "" {
					add(imported[x.Name], n.Sel.Name)
				} else {
					add("", n.Sel.Name)
				}
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					for _, name := range m.Names {
						add("", name.Name)
					}
				}
			}
			return true
		})
	}
	return uses
}

// importedRooms returns the rooms of the project that a file imports, by the names there.
func importedRooms(f *File) map[string]string {
	rooms := make(map[string]string)
	for _, spec := range f.AST.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused such a file
		}
		room, ours := strings.CutPrefix(target, module+"/")
		if target == module {
			room, ours = ".", true
		}
		if !ours {
			continue
		}
		name := path.Base(target)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		rooms[name] = room
	}
	return rooms
}

// shownTypes returns the names that the exported declarations of a package mention, but for the
// bodies of functions, and the packages in which the exported types are that it has an alias of.
func shownTypes(files []*File) (shown, aliased map[string]bool) {
	shown, aliased = make(map[string]bool), make(map[string]bool)
	mention := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				shown[id.Name] = true
			}
			return true
		})
	}
	for _, f := range files {
		if f.Test() {
			continue
		}
		for _, d := range f.AST.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() {
					mention(d.Type)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if typ, ok := s.(*ast.TypeSpec); ok && typ.Name.IsExported() {
						mention(typ.Type)
						if typ.Assign.IsValid() {
							aliased[packageOf(typ.Type)] = true
						}
					}
				}
			}
		}
	}
	return shown, aliased
}

// packageOf returns the package that an expression selects a name from, empty if it does not.
func packageOf(x ast.Expr) string {
	if sel, ok := x.(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

// exports checks the exported names of one package.
type exports struct {
	tree           *Tree
	room           string
	uses           map[nameUse]map[string]bool
	shown, aliased map[string]bool
}

// used reports whether another room, or an example, uses a name that is selected from the
// package, or from a value if room is empty.
func (e *exports) used(room, name string) bool {
	for user := range e.uses[nameUse{room, name}] {
		if user != e.room {
			return true
		}
	}
	return false
}

func (e *exports) check(d ast.Decl) (out []Finding) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() {
			return nil
		}
		if d.Recv == nil {
			return e.unless(e.used(e.room, d.Name.Name), d, d.Name.Name)
		}
		_, of := receiver(d)
		called := slices.Contains(standardMethods(), d.Name.Name) || e.used("", d.Name.Name)
		return e.unless(called || !ast.IsExported(of), d, of+"."+d.Name.Name)
	case *ast.GenDecl:
		switch d.Tok {
		case token.TYPE:
			for _, s := range d.Specs {
				typ := s.(*ast.TypeSpec)
				name := typ.Name
				known := !name.IsExported() || e.shown[name.Name] || strings.HasSuffix(name.Name, "Error") || e.implemented(typ)
				out = append(out, e.unless(known || e.used(e.room, name.Name), s, name.Name)...)
			}
		case token.CONST, token.VAR:
			return e.checkValues(d)
		}
	}
	return out
}

// implemented reports whether a type is an interface that other rooms implement, by the names of
// its methods.
func (e *exports) implemented(typ *ast.TypeSpec) bool {
	face, ok := typ.Type.(*ast.InterfaceType)
	if !ok {
		return false
	}
	for _, m := range face.Methods.List {
		for _, name := range m.Names {
			if !e.used("method", name.Name) {
				return false
			}
		}
	}
	return true
}

// checkValues checks a group of constants or variables.
func (e *exports) checkValues(d *ast.GenDecl) (out []Finding) {
	var unused []*ast.Ident
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		if typ, ok := v.Type.(*ast.Ident); ok && d.Tok == token.CONST && e.shown[typ.Name] {
			return nil // values of a type that is shown
		}
		if d.Tok == token.CONST && len(v.Values) == 1 && e.aliased[packageOf(v.Values[0])] {
			return nil // values of a type that there is an alias of
		}
		for _, name := range v.Names {
			switch {
			case !name.IsExported() || strings.HasPrefix(name.Name, "Err"):
			case e.used(e.room, name.Name):
				if d.Tok == token.CONST && d.Lparen.IsValid() {
					return nil // one of its group is used
				}
			default:
				unused = append(unused, name)
			}
		}
	}
	for _, name := range unused {
		out = append(out, e.unless(false, name, name.Name)...)
	}
	return out
}

// unless returns a finding for a name, unless it is used or only for tests.
func (e *exports) unless(used bool, at ast.Node, name string) []Finding {
	if used || slices.Contains(forTests(), e.room+"."+name) {
		return nil
	}
	return []Finding{e.tree.at(at, "%s is exported, and neither another room nor an example uses it", name)}
}

// standardMethods are methods that the standard library calls.
func standardMethods() []string {
	return []string{"Error", "Unwrap", "Is", "As", "String", "Format", "Read", "Write", "Close", "LogValue", "MarshalText", "UnmarshalText"}
}

// checkCase demands that the names of no two types of a package differ by case only: they are one
// word to a reader.
func checkCase(t *Tree) []Finding {
	var out []Finding
	for _, files := range t.rooms() {
		first := make(map[string]string)
		for _, f := range files {
			for _, d := range f.AST.Decls {
				gen, ok := d.(*ast.GenDecl)
				if !ok || gen.Tok != token.TYPE {
					continue
				}
				for _, s := range gen.Specs {
					name := s.(*ast.TypeSpec).Name
					key := f.AST.Name.Name + "." + strings.ToLower(name.Name)
					if other, ok := first[key]; ok && other != name.Name {
						out = append(out, t.at(name, "%s and %s differ by case only", name.Name, other))
					}
					first[key] = name.Name
				}
			}
		}
	}
	return out
}
