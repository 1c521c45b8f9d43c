package arch

import (
	"cmp"
	"go/ast"
	"go/doc"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// screen is how many lines a terminal shows. Two of them are what a reader takes in of a package.
const screen = 60

// errorsPage has a row for each error that a public package exports.
const errorsPage = "docs/errors.md"

// public returns the rooms that other modules may import, but for those that help with tests.
func (t *Tree) public() map[string][]*File {
	rooms := t.rooms()
	for room, files := range rooms {
		private := slices.ContainsFunc(strings.Split(room, "/"), func(part string) bool {
			return part == "internal" || part == "e2e" || strings.HasSuffix(part, "test")
		})
		if private || !hasCode(files) || files[0].AST.Name.Name == "main" {
			delete(rooms, room)
		}
	}
	return rooms
}

// checkScreens demands that go doc shows each public package on two screens, but for one with generated
// files: that is as long as what it is generated from.
func checkScreens(t *Tree) []Finding {
	var out []Finding
	for room, files := range t.public() {
		if slices.ContainsFunc(files, func(f *File) bool { return ast.IsGenerated(f.AST) }) {
			continue
		}
		n, err := t.docLines(room, files)
		if err != nil {
			out = append(out, Finding{Path: room, Text: err.Error()})
		} else if n > 2*screen {
			out = append(out, t.at(docOf(files), "go doc shows %d lines, %d fit on two screens", n, 2*screen))
		}
	}
	return out
}

// docOf returns the first file of a room that has a package comment.
func docOf(files []*File) ast.Node {
	i := slices.IndexFunc(files, func(f *File) bool { return path.Base(f.Path) == "doc.go" })
	return files[max(0, i)].AST
}

// docLines returns the number of lines that go doc prints about a package: its clause, the comment,
// and a line for each group of constants and variables, and for each function and type.
func (t *Tree) docLines(room string, files []*File) (int, error) {
	var sources []*ast.File
	for _, f := range files {
		if !f.Test() {
			sources = append(sources, f.AST)
		}
	}
	// With less it would remove from the sources what is not exported.
	p, err := doc.NewFromFiles(t.Fset, sources, path.Join(module, room), doc.AllDecls|doc.PreserveAST)
	if err != nil {
		return 0, err
	}
	n := 2 + strings.Count(string(p.Text(p.Doc)), "\n") + 1
	n += groups(p.Consts) + groups(p.Vars) + functions(p.Funcs)
	for _, typ := range p.Types {
		if ast.IsExported(typ.Name) {
			n++
		}
		n += groups(typ.Consts) + groups(typ.Vars) + functions(typ.Funcs)
	}
	return n, nil
}

// functions returns how many functions are exported.
func functions(list []*doc.Func) (n int) {
	for _, f := range list {
		if ast.IsExported(f.Name) {
			n++
		}
	}
	return n
}

// groups returns how many declarations export something.
func groups(list []*doc.Value) (n int) {
	for _, v := range list {
		if slices.ContainsFunc(v.Names, ast.IsExported) {
			n++
		}
	}
	return n
}

// exportedError is an error that a public package declares.
type exportedError struct {
	name string // with that of the package
	at   ast.Node
	doc  string
}

// exportedErrors returns the variables and types of public packages that are errors, by name.
func (t *Tree) exportedErrors() (list []exportedError) {
	for _, files := range t.public() {
		types := make(map[string]exportedError)
		methods := make(map[string]bool)
		for _, f := range files {
			if f.Test() {
				continue
			}
			for _, d := range f.AST.Decls {
				switch d := d.(type) {
				case *ast.GenDecl:
					list = append(list, errorVars(f.AST.Name.Name, d)...)
					for name, e := range declaredTypes(f.AST.Name.Name, d) {
						types[name] = e
						if strings.HasSuffix(name, "Error") {
							methods[name] = true // an alias has its methods elsewhere
						}
					}
				case *ast.FuncDecl:
					if d.Recv != nil && d.Name.Name == "Error" && len(d.Type.Params.List) == 0 {
						_, typ := receiver(d)
						methods[typ] = true
					}
				}
			}
		}
		for name, e := range types {
			if methods[name] {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b exportedError) int { return cmp.Compare(a.name, b.name) })
	return list
}

// errorVars returns the variables of a declaration whose names begin with Err.
func errorVars(pkg string, d *ast.GenDecl) (list []exportedError) {
	if d.Tok != token.VAR {
		return nil
	}
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		for _, name := range v.Names {
			if strings.HasPrefix(name.Name, "Err") && name.IsExported() {
				list = append(list, exportedError{pkg + "." + name.Name, name, v.Doc.Text() + oneDoc(d)})
			}
		}
	}
	return list
}

// oneDoc returns the comment of a declaration without parentheses.
func oneDoc(d *ast.GenDecl) string {
	if d.Lparen.IsValid() {
		return ""
	}
	return d.Doc.Text()
}

// declaredTypes returns the exported types of a declaration by name.
func declaredTypes(pkg string, d *ast.GenDecl) map[string]exportedError {
	types := make(map[string]exportedError)
	for _, s := range d.Specs {
		if typ, ok := s.(*ast.TypeSpec); ok && typ.Name.IsExported() {
			types[typ.Name.Name] = exportedError{pkg + "." + typ.Name.Name, typ, typ.Doc.Text() + oneDoc(d)}
		}
	}
	return types
}

// checkErrors demands that each exported error has a comment, and a row in the page of errors that
// says what a program does about it; and that the page has no row of another.
func checkErrors(t *Tree) []Finding {
	text, err := os.ReadFile(filepath.Join(t.Root, filepath.FromSlash(errorsPage)))
	if err != nil {
		return []Finding{{Path: errorsPage, Text: err.Error()}}
	}
	rows := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); strings.HasPrefix(line, "| `") {
			rows[strings.Trim(cells[1], " `")] = cells[2:]
		}
	}
	var out []Finding
	for _, e := range t.exportedErrors() {
		row, ok := rows[e.name]
		switch {
		case e.doc == "":
			out = append(out, t.at(e.at, "%s has no comment", e.name))
		case !ok:
			out = append(out, t.at(e.at, "%s has no row in %s", e.name, errorsPage))
		case len(row) < 2 || strings.TrimSpace(row[0]) == "" || strings.TrimSpace(row[1]) == "":
			out = append(out, t.at(e.at, "the row of %s in %s does not say what it means and what to do", e.name, errorsPage))
		}
		delete(rows, e.name)
	}
	for name := range rows {
		out = append(out, Finding{Path: errorsPage, Text: name + " is no error that a public package exports"})
	}
	return out
}
