package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

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

// TestResultsFitTheirSchemas holds every result of the transcripts to what the
// document says of its method.
func TestResultsFitTheirSchemas(t *testing.T) {
	_, doc := discovered(t)
	schemas := make(map[string]map[string]any)
	for _, m := range doc.Methods {
		schemas[m.Name] = m.Result.Schema
	}
	seen := make(map[string]bool)
	for _, r := range recordings(t) {
		if schemas[r.method] == nil || r.failed {
			continue
		}
		seen[r.method] = true
		if err := fits(r.result, schemas[r.method]); err != nil {
			t.Errorf("%s: %v: %s", r.method, err, r.reply)
		}
	}
	seen[discoverMethod] = true // by reading it
	for name := range schemas {
		if !seen[name] && !refusedHere(name) {
			t.Errorf("no result of %s was held to its schema", name)
		}
	}
}

// fits reports how a value breaks a schema, of which the words that the
// document uses are known.
func fits(value any, schema map[string]any) error {
	if forms, ok := schema["oneOf"].([]any); ok {
		matching := 0
		for _, form := range forms {
			if fits(value, form.(map[string]any)) == nil {
				matching++
			}
		}
		if list, ok := value.([]any); ok && len(list) == 0 && matching > 0 {
			return nil // an empty list is one of all forms
		}
		if matching != 1 {
			return fmt.Errorf("%v is of %d forms", value, matching)
		}
		return nil
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
			if err := fits(e, schema["items"].(map[string]any)); err != nil {
				return err
			}
		}
	case "object":
		members, ok := value.(map[string]any)
		if !ok {
			return wrong
		}
		return membersFit(members, schema)
	default:
		return fmt.Errorf("unknown type %v", schema["type"])
	}
	return nil
}

func membersFit(members, schema map[string]any) error {
	properties, listed := schema["properties"].(map[string]any)
	for name, v := range members {
		property := schema["additionalProperties"]
		if listed {
			property = properties[name]
		}
		if property == nil {
			return fmt.Errorf("member %s is not described", name)
		}
		if err := fits(v, property.(map[string]any)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
