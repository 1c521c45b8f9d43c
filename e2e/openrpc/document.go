package openrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is a document with its schemas. It may be used from any goroutine.
type Document struct {
	methods       map[string]int // by place in the document
	notifications map[string]int

	mu       sync.Mutex // the compiler keeps what it has compiled
	compiler *jsonschema.Compiler
}

// source is where the compiler finds the document.
const source = "openrpc.json"

// Parse returns the document of a JSON text.
func Parse(raw []byte) (*Document, error) {
	var named struct {
		Methods       []struct{ Name string }
		Notifications []struct{ Name string } `json:"x-notifications"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fmt.Errorf("parse document: %w", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("parse document: %w", err)
	}
	d := &Document{compiler: jsonschema.NewCompiler(), methods: make(map[string]int), notifications: make(map[string]int)}
	d.compiler.DefaultDraft(jsonschema.Draft7)
	if err := d.compiler.AddResource(source, doc); err != nil {
		return nil, fmt.Errorf("parse document: %w", err)
	}
	for i, m := range named.Methods {
		d.methods[m.Name] = i
	}
	for i, n := range named.Notifications {
		d.notifications[n.Name] = i
	}
	return d, nil
}

// Result reports how a result of a method breaks its schema.
func (d *Document) Result(method string, result []byte) error {
	i, ok := d.methods[method]
	if !ok {
		return fmt.Errorf("method %s is not described", method)
	}
	return d.validate(fmt.Sprintf("methods/%d/result", i), result)
}

// Param reports how a parameter of a method, by its position, breaks its schema.
func (d *Document) Param(method string, position int, value []byte) error {
	return d.validate(fmt.Sprintf("methods/%d/params/%d", d.methods[method], position), value)
}

// Notification reports how a parameter of a notification, by its position, breaks its schema.
func (d *Document) Notification(name string, position int, value []byte) error {
	i, ok := d.notifications[name]
	if !ok {
		return fmt.Errorf("notification %s is not described", name)
	}
	return d.validate(fmt.Sprintf("x-notifications/%d/params/%d", i, position), value)
}

// validate holds a value to the schema of a content descriptor.
func (d *Document) validate(place string, value []byte) error {
	d.mu.Lock()
	schema, err := d.compiler.Compile(source + "#/" + place + "/schema")
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("schema of %s: %w", place, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}
