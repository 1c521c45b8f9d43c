package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/version"
)

// discoverMethod is the method that returns the document, openRPCFile is what
// it returns.
const (
	discoverMethod = "rpc.discover"
	openRPCFile    = "../../docs/openrpc.json"
)

// document is the part of an OpenRPC document that results are held to.
type document struct {
	Methods []struct {
		Name   string
		Result struct{ Schema map[string]any }
	}
	Components    struct{ Schemas map[string]map[string]any }
	Notifications []struct {
		Name   string
		Params []struct{ Schema map[string]any }
	} `json:"x-notifications"`
}

// result returns the schema of what a method returns.
func (d *document) result(name string) map[string]any {
	for _, m := range d.Methods {
		if m.Name == name {
			return m.Result.Schema
		}
	}
	return nil
}

// discovered returns the document of a server.
func discovered(t *testing.T) (json.RawMessage, document) {
	t.Helper()
	d := rpctest.NewOffline(t)
	d.Core.Version.VersionString = version.Number()
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	_, reply := post(t, address, `{"method":"`+discoverMethod+`","id":1}`)
	var r struct{ Result json.RawMessage }
	var doc document
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(r.Result, &doc); err != nil {
		t.Fatal(err)
	}
	return r.Result, doc
}

func TestOpenRPCFile(t *testing.T) {
	raw, _ := discovered(t)
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, openRPCFile, b.String()+"\n")
}

// TestResultsFitTheirSchemas holds every result and notification of the transcripts to what the
// document says.
func TestResultsFitTheirSchemas(t *testing.T) {
	_, doc := discovered(t)
	seen := map[string]bool{discoverMethod: true} // by reading it
	for _, r := range recordings(t) {
		schema := doc.result(r.method)
		if schema == nil || r.failed {
			continue
		}
		seen[r.method] = true
		if err := doc.fits(r.result, schema); err != nil {
			t.Errorf("%s: %v: %s", r.method, err, r.reply)
		}
	}
	for _, m := range doc.Methods {
		if !seen[m.Name] && !refusedHere(m.Name) {
			t.Errorf("no result of %s was held to its schema", m.Name)
		}
	}
	for _, n := range doc.Notifications {
		got := notified(t, n.Name)
		if len(got) == 0 && n.Name != feed.DcrdDisconnected {
			t.Errorf("no notification of %s was held to its schema", n.Name)
		}
		for _, params := range got {
			if len(params) != len(n.Params) {
				t.Fatalf("%s has %d parameters, not %d", n.Name, len(params), len(n.Params))
			}
			for i, p := range params {
				if err := doc.fits(p, n.Params[i].Schema); err != nil {
					t.Errorf("%s: %v: %v", n.Name, err, p)
				}
			}
		}
	}
}

// notified returns the parameters of the notifications of a topic in the transcripts.
func notified(t *testing.T, topic string) (all [][]any) {
	t.Helper()
	for _, file := range []string{methods, wsTranscript} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var n struct {
				Method string
				Params []any
			}
			if said, ok := strings.CutPrefix(line, "< "); ok && json.Unmarshal([]byte(said), &n) == nil && n.Method == topic {
				all = append(all, n.Params)
			}
		}
	}
	return all
}

// fits reports how a value breaks a schema, of which the words that the document uses are known.
// Unlike a validator it wants each member to be described.
func (d *document) fits(value any, schema map[string]any) error {
	if ref, ok := schema["$ref"].(string); ok {
		return d.fits(value, d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")])
	}
	for _, word := range []string{"oneOf", "anyOf", "allOf"} {
		if forms, ok := schema[word].([]any); ok {
			return d.fitsForms(value, word, forms)
		}
	}
	wrong := fmt.Errorf("%v is not of type %v", value, schema["type"])
	switch schema["type"] {
	case nil:
		return nil
	case "null":
		if value != nil {
			return wrong
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return wrong
		}
	case "string":
		if _, ok := value.(string); !ok {
			return wrong
		}
	case "integer", "number":
		if n, ok := value.(float64); !ok || schema["type"] == "integer" && n != float64(int64(n)) {
			return wrong
		}
	case "array":
		elements, ok := value.([]any)
		if !ok {
			return wrong
		}
		for _, e := range elements {
			if err := d.fits(e, schema["items"].(map[string]any)); err != nil {
				return err
			}
		}
	case "object":
		members, ok := value.(map[string]any)
		if !ok {
			return wrong
		}
		return d.membersFit(members, schema)
	default:
		return fmt.Errorf("unknown type %v", schema["type"])
	}
	return nil
}

// fitsForms reports whether a value fits one of some forms, or all of them.
func (d *document) fitsForms(value any, word string, forms []any) error {
	var wrong []error
	for _, form := range forms {
		if err := d.fits(value, form.(map[string]any)); err != nil {
			wrong = append(wrong, err)
		}
	}
	switch fitting := len(forms) - len(wrong); {
	case word == "allOf" && len(wrong) > 0, fitting == 0:
		return errors.Join(wrong...)
	case word == "oneOf" && fitting > 1:
		return fmt.Errorf("%v is of %d forms", value, fitting)
	}
	return nil
}

func (d *document) membersFit(members, schema map[string]any) error {
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := members[name.(string)]; !there {
			return fmt.Errorf("member %v is missing", name)
		}
	}
	properties, listed := schema["properties"].(map[string]any)
	for name, v := range members {
		property := schema["additionalProperties"]
		if listed {
			property = properties[name]
		}
		if property == nil {
			return fmt.Errorf("member %s is not described", name)
		}
		if err := d.fits(v, property.(map[string]any)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
