package openrpc_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The packages of npm that hold the schema of OpenRPC documents, and that of JSON schemas in them.
const (
	openRPCMeta = "@open-rpc/meta-schema@1.14.9"
	schemaMeta  = "@json-schema-tools/meta-schema@1.8.0"
)

// TestDocumentFitsTheMetaSchema holds the document to the published schema of OpenRPC documents.
func TestDocumentFitsTheMetaSchema(t *testing.T) {
	modules := installed(t, openRPCMeta, schemaMeta)
	raw, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	const meta = "https://meta.open-rpc.org/"
	schemas := filepath.Join(modules, "@json-schema-tools", "meta-schema", "index.js")
	addMeta(t, c, meta, filepath.Join(modules, "@open-rpc", "meta-schema", "index.js"))
	addMeta(t, c, "https://meta.json-schema.tools", schemas) // it is referred to in both forms
	addMeta(t, c, "https://meta.json-schema.tools/", schemas)
	form, err := c.Compile(meta)
	if err != nil {
		t.Fatal(err)
	}
	if err := form.Validate(doc); err != nil {
		t.Error(err)
	}
	delete(doc.(map[string]any)["methods"].([]any)[0].(map[string]any), "params")
	if form.Validate(doc) == nil {
		t.Error("a method without parameters is not refused")
	}
}

// addMeta adds the schema that a file in JavaScript exports first.
func addMeta(t *testing.T, c *jsonschema.Compiler, url, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(string(text), " = {")
	value, _, _ = strings.Cut(value, "};")
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader("{" + value + "}"))
	if err != nil {
		t.Fatal(err)
	}
	delete(schema.(map[string]any), "$schema") // it is its own, and one of draft 7
	delete(schema.(map[string]any), "$id")
	if err := c.AddResource(url, schema); err != nil {
		t.Fatal(err)
	}
}

// installed installs packages of npm for the test, and returns the directory of their modules. The
// test is skipped where that is not possible.
func installed(t *testing.T, packages ...string) string {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not installed: the document is not held to the meta-schema")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, append([]string{"install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts"}, packages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm does not install the meta-schema, to which the document is not held: %v\n%s", err, out)
	}
	return filepath.Join(dir, "node_modules")
}
