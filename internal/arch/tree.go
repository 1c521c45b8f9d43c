package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Tree is the Go sources below one directory.
type Tree struct {
	Root  string // file system path
	Fset  *token.FileSet
	Files []*File // by path
}

// File is one source file.
type File struct {
	Path  string // relative to the root, with slashes
	Lines int
	AST   *ast.File
}

// Room returns the directory of the file, "." at the root.
func (f *File) Room() string { return path.Dir(f.Path) }

// Test reports whether the file is only compiled for tests.
func (f *File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Finding is one place that breaks a rule.
type Finding struct {
	Path string
	Line int // zero for a whole file or room
	Text string
}

// String returns the finding as editors like it.
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.Path, f.Text)
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text)
}

// Load parses every Go file below root, of all modules in it. Like the go
// command it passes over testdata and directories that begin with a dot or an
// underscore.
func Load(root string) (*Tree, error) {
	t := &Tree{Root: root, Fset: token.NewFileSet()}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && ignoredDir(d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		return t.parse(name)
	})
	if err != nil {
		return nil, fmt.Errorf("load sources: %w", err)
	}
	if len(t.Files) == 0 {
		return nil, fmt.Errorf("load sources: no Go files in %s", root)
	}
	return t, nil
}

func ignoredDir(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func (t *Tree) parse(name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(t.Root, name)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	f, err := parser.ParseFile(t.Fset, rel, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Files = append(t.Files, &File{Path: rel, Lines: bytes.Count(src, []byte("\n")), AST: f})
	return nil
}

// rooms returns the files by directory.
func (t *Tree) rooms() map[string][]*File {
	rooms := map[string][]*File{}
	for _, f := range t.Files {
		rooms[f.Room()] = append(rooms[f.Room()], f)
	}
	return rooms
}

// at returns a finding at a syntax node.
func (t *Tree) at(n ast.Node, format string, args ...any) Finding {
	p := t.Fset.Position(n.Pos())
	return Finding{Path: p.Filename, Line: p.Line, Text: fmt.Sprintf(format, args...)}
}

// inspect calls visit for every syntax node of every file and collects the findings.
func (t *Tree) inspect(visit func(f *File, n ast.Node) []Finding) []Finding {
	var out []Finding
	for _, f := range t.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if n != nil {
				out = append(out, visit(f, n)...)
			}
			return true
		})
	}
	return out
}
