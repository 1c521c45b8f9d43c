package arch

import (
	"go/ast"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"
)

// Figure is one measure of the sources. Figures are read, and bound nothing.
type Figure struct {
	What  string
	Value int
	Where string // the room or type that it is found in; empty for a sum
}

// Figures measures the production files of a tree, of all modules in it, except for generated ones.
func Figures(t *Tree) []Figure {
	rooms := t.production()
	files, largest := 0, Figure{What: "files of the largest room"}
	methods := Figure{What: "methods of the largest receiver, with those of what it embeds"}
	names, back := Figure{What: "exported names of the public packages"}, Figure{What: "file arrows that run back up inside spv, peer, wallet, spv/chain and spv/consensus"}
	for _, dir := range slices.Sorted(maps.Keys(rooms)) {
		list := rooms[dir]
		files += len(list)
		if len(list) > largest.Value {
			largest.Value, largest.Where = len(list), dir
		}
		pkg, info := t.typed(list)
		if name, n := largestReceiver(pkg); n > methods.Value {
			methods.Value, methods.Where = n, dir+"."+name
		}
		if public(dir) && pkg.Name() != "main" {
			names.Value += exportedNames(pkg)
		}
		if slices.Contains([]string{"spv", "peer", "wallet", "spv/chain", "spv/consensus"}, dir) {
			back.Value += backArrows(t, pkg, info)
		}
	}
	return []Figure{
		{What: "production files", Value: files},
		largest, methods, names,
		{What: "lines of ports, adapters and fakes", Value: t.lines(aside)},
		{What: "lines of cmd/spvd", Value: t.lines(func(f *File) bool { return f.Room() == "cmd/spvd" && !f.Test() })},
		back,
	}
}

// production returns the production files that were written by hand, by room.
func (t *Tree) production() map[string][]*File {
	rooms := map[string][]*File{}
	for _, f := range t.Files {
		if !f.Test() && !ast.IsGenerated(f.AST) {
			rooms[f.Room()] = append(rooms[f.Room()], f)
		}
	}
	return rooms
}

// lines adds up the lines of files.
func (t *Tree) lines(of func(*File) bool) (n int) {
	for _, f := range t.Files {
		if of(f) {
			n += f.Lines
		}
	}
	return n
}

// aside reports whether a file, by its name, holds ports, adapters, or fakes for tests.
func aside(f *File) bool {
	name := path.Base(f.Path)
	return strings.HasPrefix(name, "ports") || strings.HasPrefix(name, "adapter") || strings.HasPrefix(name, "fake")
}

// public reports whether other modules can import a room, and are meant to.
func public(dir string) bool {
	return !slices.Contains(strings.Split(dir, "/"), "internal") && !within(dir, "cmd") && !within(dir, "e2e")
}

// typed type checks the files of a room without its imports, see checkVars.
func (t *Tree) typed(files []*File) (*types.Package, *types.Info) {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	var asts []*ast.File
	for _, f := range files {
		asts = append(asts, f.AST)
	}
	pkg, _ := conf.Check(files[0].AST.Name.Name, t.Fset, asts, info) // errors went to conf.Error
	return pkg, info
}

// largestReceiver returns the type of a package with the most methods.
func largestReceiver(pkg *types.Package) (name string, most int) {
	for _, n := range pkg.Scope().Names() {
		declared, ok := pkg.Scope().Lookup(n).(*types.TypeName)
		if !ok || types.IsInterface(declared.Type()) {
			continue
		}
		if got := types.NewMethodSet(types.NewPointer(declared.Type())).Len(); got > most {
			name, most = n, got
		}
	}
	return name, most
}

// exportedNames counts the exported names of a package: those at its top level, and the
// methods declared on exported types, those of interfaces included. Fields are not counted.
func exportedNames(pkg *types.Package) (n int) {
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		n++
		named, ok := obj.Type().(*types.Named)
		if _, declares := obj.(*types.TypeName); !ok || !declares {
			continue
		}
		for m := range named.Methods() {
			if m.Exported() {
				n++
			}
		}
		if face, ok := named.Underlying().(*types.Interface); ok {
			for m := range face.ExplicitMethods() {
				if m.Exported() {
					n++
				}
			}
		}
	}
	return n
}

// backArrows counts the arrows between files, one from each file to each other file whose
// names it uses, that run against the order of files in which few do: the order that the
// rule of Eades, Lin and Smyth finds. Without arrows in a circle it is zero.
func backArrows(t *Tree, pkg *types.Package, info *types.Info) (back int) {
	to := map[string]map[string]bool{}
	for id, obj := range info.Uses {
		if obj.Pkg() != pkg || !obj.Pos().IsValid() {
			continue
		}
		from, at := t.Fset.Position(id.Pos()).Filename, t.Fset.Position(obj.Pos()).Filename
		if to[from] == nil {
			to[from] = map[string]bool{}
		}
		if to[at] == nil {
			to[at] = map[string]bool{}
		}
		if from != at {
			to[from][at] = true
		}
	}
	place := map[string]int{}
	for i, name := range ordered(to) {
		place[name] = i
	}
	for from, all := range to {
		for at := range all {
			if place[at] < place[from] {
				back++
			}
		}
	}
	return back
}

// ordered orders nodes by the rule of Eades, Lin and Smyth: nodes that no arrow leaves go to
// the end, nodes that none comes to go to the front, and else the one that most arrows leave,
// counted against those that come to it.
func ordered(to map[string]map[string]bool) []string {
	var front, end []string
	left := slices.Sorted(maps.Keys(to))
	for len(left) > 0 {
		best, most := 0, 0
		sink := false
		for i, name := range left {
			out, in := 0, 0
			for _, other := range left {
				if to[name][other] {
					out++
				}
				if to[other][name] {
					in++
				}
			}
			if out == 0 {
				best, sink = i, true
				break
			}
			if in == 0 {
				out += len(left) * len(left)
			}
			if i == 0 || out-in > most {
				best, most = i, out-in
			}
		}
		if sink {
			end = append(end, left[best])
		} else {
			front = append(front, left[best])
		}
		left = slices.Delete(left, best, best+1)
	}
	slices.Reverse(end)
	return append(front, end...)
}
