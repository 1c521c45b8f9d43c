package mobile_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/adapter/mobile"
	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/engine/enginetest"
)

// TestLifeOfAnApp is what an app does: it syncs, is sent to the background, comes back, and reads
// the balance.
func TestLifeOfAnApp(t *testing.T) {
	n := enginetest.Start(t, 40)
	config, err := json.Marshal(map[string]any{
		"dir": t.TempDir(), "network": "simnet", "connect": []string{n.Address},
		"accounts": []engine.Account{{Name: "default", Xpub: enginetest.Xpub}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := mobile.NewClient(string(config))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Call("", "subscribe", `["syncstatus"]`); err != nil {
			t.Fatal(err)
		}
		for synced := false; !synced; {
			event, err := c.Next(30_000)
			if err != nil {
				t.Fatal(err)
			}
			synced = strings.Contains(event, `"synced":true`)
		}
		if err := c.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if balance, err := c.Call("", "getbalance", ""); err != nil || !strings.Contains(balance, `"cumulativetotal":5,`) {
		t.Errorf("balance %s, %v", balance, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Next(-1); err == nil || !strings.HasPrefix(err.Error(), `{"code":6,"message":"`) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := mobile.NewClient(`{}`); err == nil || !strings.HasPrefix(err.Error(), `{"code":2,"message":"`) {
		t.Errorf("a configuration without a directory: %v", err)
	}
	if mobile.Version() == "" {
		t.Error("the library has no version")
	}
}

// TestBindTakesEveryType: gomobile bind leaves out, without an error, functions with types that
// it cannot translate. It translates those named here, and at most one result beside an error.
func TestBindTakesEveryType(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "client.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	functions := 0
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !fn.Name.IsExported() {
			continue
		}
		functions++
		results := fn.Type.Results.List
		if len(results) > 2 || len(results) == 2 && name(results[1].Type) != "error" {
			t.Errorf("%s has results that cannot be translated", fn.Name)
		}
		for _, field := range append(results, fn.Type.Params.List...) {
			if what := name(field.Type); !strings.Contains(" string bool int int64 float64 error *Client ", " "+what+" ") {
				t.Errorf("%s has the type %q", fn.Name, what)
			}
		}
	}
	if functions < 7 {
		t.Errorf("only %d functions were looked at", functions)
	}
}

// name returns the name of a type, empty for one that is none of a name or a pointer to one.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			return "*" + id.Name
		}
	}
	return ""
}

// TestGobind has the tool of gomobile translate the package, and looks for every function in
// what it writes.
func TestGobind(t *testing.T) {
	modules := filepath.Join("..", "..", "internal", "tools", "go.mod")
	if out, err := exec.CommandContext(t.Context(), "go", "list", "-modfile="+modules, "-deps", "golang.org/x/mobile/cmd/gobind").CombinedOutput(); err != nil {
		t.Skipf("gobind cannot be downloaded: %v\n%s", err, out)
	}
	dir := t.TempDir()
	// It ends with an error, after it has written all, because the module does not require the
	// package that the translation is compiled with.
	out, _ := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+modules, "gobind", "-lang=java", "-outdir="+dir, ".").CombinedOutput()
	var written strings.Builder
	for _, file := range []string{"Client.java", "Mobile.java"} {
		text, err := os.ReadFile(filepath.Join(dir, "java", "mobile", file))
		if err != nil {
			t.Fatalf("gobind has not written %s: %v\n%s", file, err, out)
		}
		written.Write(text)
	}
	for _, want := range []string{
		"public Client(String config)",
		"public native void start() throws Exception;",
		"public native void stop() throws Exception;",
		"public native String call(String wallet, String method, String params) throws Exception;",
		"public native String next(long milliseconds) throws Exception;",
		"public native void close() throws Exception;",
		"public static native String version();",
	} {
		if !strings.Contains(written.String(), want) {
			t.Errorf("the library for Java has no %s", want)
		}
	}
	if strings.Contains(written.String(), "skipped") {
		t.Errorf("gobind has skipped something:\n%s", &written)
	}
}
