package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// The parts of an OpenRPC document that clients are made of.
type (
	document struct {
		Methods    []method
		Components struct {
			Schemas map[string]*schema
			Errors  map[string]rpcError
		}
		Notifications []struct {
			Name    string
			Summary string
			Params  []content
		} `json:"x-notifications"`
	}
	method struct {
		Name, Summary, Description string
		Params                     []content
		Result                     content
		Errors                     []rpcError
		Websocket                  bool `json:"x-websocket"`
	}
	content struct {
		Name, Description string
		Required          bool
		Schema            *schema
	}
	rpcError struct {
		Code    int
		Message string
	}
)

// schema is a JSON schema with the words that the document uses.
type schema struct {
	Ref         string `json:"$ref"`
	Type        kinds
	Description string
	Items       *schema
	Properties  map[string]*schema
	Required    []string
	Additional  *schema `json:"additionalProperties"`

	OneOf, AnyOf, AllOf []*schema
}

// kinds are the types that a value may have.
type kinds []string

// UnmarshalJSON implements json.Unmarshaler: one type need not be in a list.
func (k *kinds) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]string)(k))
	}
	*k = kinds{""}
	return json.Unmarshal(raw, &(*k)[0])
}

// read reads a document.
func read(file string) (*document, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := new(document)
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

// name returns the name of the schema that is referred to, empty if none is.
func (s *schema) name() string {
	if len(s.AllOf) == 1 { // a reference with a description
		return s.AllOf[0].name()
	}
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

// codes returns the names of the errors of the document, that of the smallest code last.
func (d *document) codes() []string {
	return slices.SortedFunc(maps.Keys(d.Components.Errors), func(a, b string) int {
		return d.Components.Errors[b].Code - d.Components.Errors[a].Code
	})
}

// failsWith returns the names of the errors of a method.
func (d *document) failsWith(m *method) []string {
	var names []string
	for _, name := range d.codes() {
		if slices.ContainsFunc(m.Errors, func(e rpcError) bool { return e.Code == d.Components.Errors[name].Code }) {
			names = append(names, name)
		}
	}
	return names
}
