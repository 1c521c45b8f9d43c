package method

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

// openRPCVersion is the version of the OpenRPC specification that the document
// follows.
const openRPCVersion = "1.3.2"

// The parts of an OpenRPC document that are used here.
type (
	openRPC struct {
		OpenRPC string          `json:"openrpc"`
		Info    openRPCInfo     `json:"info"`
		Methods []openRPCMethod `json:"methods"`
	}
	openRPCInfo struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	}
	openRPCMethod struct {
		Name           string           `json:"name"`
		Summary        string           `json:"summary"`
		Description    string           `json:"description,omitempty"`
		ParamStructure string           `json:"paramStructure"`
		Params         []openRPCContent `json:"params"`
		Result         openRPCContent   `json:"result"`
	}
	openRPCContent struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Required    bool   `json:"required,omitempty"`
		Schema      schema `json:"schema"`
	}
)

// schema is a JSON schema; empty it allows anything.
type schema map[string]any

// describeAll returns the methods as an OpenRPC document.
func describeAll(t []Method, version string) openRPC {
	doc := openRPC{OpenRPC: openRPCVersion, Info: openRPCInfo{Title: "spvd", Version: version}}
	for i := range t {
		m := &t[i]
		described := openRPCMethod{
			Name:           m.Name,
			Summary:        m.Summary,
			Description:    strings.TrimSpace(strings.Join([]string{m.Help, m.limits()}, " ")),
			ParamStructure: "either",
			Params:         make([]openRPCContent, len(m.Params)),
			Result:         openRPCContent{Name: "result", Description: m.Result, Schema: m.resultSchema()},
		}
		for j := range m.Params {
			described.Params[j] = m.Params[j].openRPC()
		}
		doc.Methods = append(doc.Methods, described)
	}
	return doc
}

func (p *param) openRPC() openRPCContent {
	s := schema{}
	switch p.kind {
	case kindInt:
		s["type"] = "integer"
	case kindBool:
		s["type"] = "boolean"
	case kindHash:
		s["type"] = "string"
		s["minLength"], s["maxLength"] = 2*chainhash.HashSize, 2*chainhash.HashSize
		s["pattern"] = "^[0-9a-fA-F]*$"
	case kindBirthday:
		s["type"] = []string{"string", "integer"}
	case kindStrings:
		s = schemaOf(reflect.TypeFor[[]string]())
	case kindOutPoints:
		s = schemaOf(reflect.TypeFor[[]api.OutPoint]())
	case kindPayments:
		s["type"], s["additionalProperties"] = "object", schema{"type": "number"}
	case kindInputs:
		s = schemaOf(reflect.TypeFor[[]api.RawInput]())
	case kindFundOptions:
		s = schemaOf(reflect.TypeFor[api.FundOptions]())
	case kindBuildOptions:
		s = schemaOf(reflect.TypeFor[api.BuildOptions]())
	case kindExport:
		s = schemaOf(reflect.TypeFor[api.WalletExport]())
	default:
		s["type"] = "string"
	}
	if p.optional && p.def != nil && p.def != "" && p.kind != kindFundOptions && p.kind != kindBuildOptions {
		s["default"] = p.def
	}
	return openRPCContent{Name: p.name, Description: p.text, Required: !p.optional, Schema: s}
}

// resultSchema returns the schema of what the method returns.
func (m *Method) resultSchema() schema {
	var forms []schema
	for _, v := range m.Returns {
		forms = append(forms, schemaOf(reflect.TypeOf(v)))
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return schema{"oneOf": forms}
}

// schemaOf returns the schema of the JSON form of a type, which is not
// recursive; nil is the type of null.
func schemaOf(t reflect.Type) schema {
	if t == nil {
		return schema{"type": "null"}
	}
	if t == reflect.TypeFor[api.Amount]() || t == reflect.TypeFor[api.Coins]() {
		return schema{"type": "number"}
	}
	if t.Implements(reflect.TypeFor[json.Marshaler]()) { // in a form of its own
		return schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schema{"oneOf": []schema{schemaOf(t.Elem()), {"type": "null"}}}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		properties := schema{}
		addProperties(properties, t)
		return schema{"type": "object", "properties": properties}
	case reflect.Interface:
		return schema{}
	default:
		return schema{"type": "integer"}
	}
}

// addProperties adds the fields of a struct, those of embedded ones as its own.
func addProperties(properties schema, t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			addProperties(properties, field.Type)
		case field.IsExported() && name != "-":
			properties[name] = schemaOf(field.Type)
		}
	}
}
