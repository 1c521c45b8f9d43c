package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestKnownVersionsAreThoseOfTheNode compares the newest block versions that spvd knows with
// those in the source of the dcrd that the other tests run: the version that it mines blocks
// of, and the one that no newer one outdates.
func TestKnownVersionsAreThoseOfTheNode(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/decred/dcrd").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(out))
	mined := integersOf(t, filepath.Join(dir, "internal", "mining", "mining.go"))
	final := integersOf(t, filepath.Join(dir, "internal", "blockchain", "validate.go"))
	known := returnedBy(t, filepath.Join("..", "spv"), "finalVersion") // for the main network, and for others
	if len(known) != 2 {
		t.Fatalf("spvd knows the versions %v", known)
	}
	if mined["generatedBlockVersion"] != known[0] || final["latestBlockVersion"] != known[0] {
		t.Errorf("main network: %d is known, dcrd mines %d and enforces up to %d",
			known[0], mined["generatedBlockVersion"], final["latestBlockVersion"])
	}
	// dcrd adds one to its constant for all networks but the main one.
	if mined["generatedBlockVersionTest"] != known[1] || final["latestBlockVersion"]+1 != known[1] {
		t.Errorf("other networks: %d is known, dcrd mines %d and enforces up to %d",
			known[1], mined["generatedBlockVersionTest"], final["latestBlockVersion"]+1)
	}
}

// returnedBy returns the integer literals that a function below a directory returns, in order.
func returnedBy(t *testing.T, root, function string) (values []int32) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Name.Name == function {
				ast.Inspect(fn, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok {
						if lit, ok := r.Results[0].(*ast.BasicLit); ok {
							n, err := strconv.ParseInt(lit.Value, 0, 32)
							if err != nil {
								t.Error(err)
							}
							values = append(values, int32(n))
						}
					}
					return true
				})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// integersOf returns what the names in a file are set to, as far as it is an integer literal,
// also one that is converted.
func integersOf(t *testing.T, path string) map[string]int32 {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]int32)
	set := func(name, value ast.Expr) {
		if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
			value = call.Args[0]
		}
		id, named := name.(*ast.Ident)
		lit, literal := value.(*ast.BasicLit)
		if !named || !literal || lit.Kind != token.INT {
			return
		}
		if n, err := strconv.ParseInt(lit.Value, 0, 32); err == nil {
			values[id.Name] = int32(n)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i := range min(len(n.Lhs), len(n.Rhs)) {
				set(n.Lhs[i], n.Rhs[i])
			}
		case *ast.ValueSpec:
			for i := range min(len(n.Names), len(n.Values)) {
				set(n.Names[i], n.Values[i])
			}
		}
		return true
	})
	return values
}
