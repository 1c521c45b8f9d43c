package method

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"

	"github.com/spvd/spvd/internal/rpc/api"
)

// openRPCVersion is the version of the OpenRPC specification that the document
// follows.
const openRPCVersion = "1.3.2"

// The parts of an OpenRPC document that are used here.
type (
	openRPC struct {
		OpenRPC    string            `json:"openrpc"`
		Info       openRPCInfo       `json:"info"`
		Methods    []openRPCMethod   `json:"methods"`
		Components openRPCComponents `json:"components"`

		// Notifications are an extension: the specification has none from the server to clients.
		Notifications []openRPCNotification `json:"x-notifications"`
	}
	openRPCInfo struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}
	openRPCMethod struct {
		Name           string           `json:"name"`
		Summary        string           `json:"summary"`
		Description    string           `json:"description,omitempty"`
		ParamStructure string           `json:"paramStructure"`
		Params         []openRPCContent `json:"params"`
		Result         openRPCContent   `json:"result"`
		Errors         []api.Error      `json:"errors,omitempty"`

		// Websocket is an extension: the method exists on websockets only.
		Websocket bool `json:"x-websocket,omitempty"`
	}
	openRPCContent struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Required    bool   `json:"required,omitempty"`
		Schema      schema `json:"schema"`
	}
	openRPCComponents struct {
		Schemas map[string]schema    `json:"schemas"`
		Errors  map[string]api.Error `json:"errors"`
	}
	openRPCNotification struct {
		Name    string           `json:"name"`
		Summary string           `json:"summary"`
		Params  []openRPCContent `json:"params"`
	}
)

// openRPCAbout is what the document says about itself.
const openRPCAbout = "Methods are called by POST to /, or on a websocket at " + api.WebsocketPath + "; those of another wallet than the default one at " +
	api.WalletPath + "NAME. The members of a result may become more. The errors of a method have the message of an example each; any method may also fail with " +
	"Misc or Internal, and what is no request with Parse or InvalidRequest. x-websocket marks methods that exist on websockets only, and x-notifications are " +
	"the requests without an id that the daemon sends on a websocket once subscribe, or notifyblocks for the last two, has asked for them; their parameters are positional."

// provoked has the errors of each method, as tests have provoked them, comments what the
// documentation says of the types of package api and their members.
var (
	//go:embed errors.json
	provoked string

	//go:embed comments.json
	comments string
)

// describer makes a document: the schemas that it names, and the comments that it takes their
// descriptions from.
type describer struct {
	schemas  map[string]schema
	comments map[string]string
}

// schema is a JSON schema; empty it allows anything.
type schema map[string]any

// describeAll returns the methods as an OpenRPC document.
func describeAll(t []Method, version string) (*openRPC, error) {
	d := &describer{schemas: map[string]schema{
		hashSchema: {
			"description": "The hash of a block or transaction, in reversed hex as usual.",
			"type":        "string", "pattern": fmt.Sprintf("^[0-9a-fA-F]{%d}$", 2*chainhash.HashSize),
		},
		"Amount": {"description": "An amount in coins. It has eight digits behind the point at most.", "type": "number"},
	}}
	errorsOf := make(map[string][]api.Error)
	if err := errors.Join(json.Unmarshal([]byte(provoked), &errorsOf), json.Unmarshal([]byte(comments), &d.comments)); err != nil {
		return nil, err
	}
	doc := &openRPC{OpenRPC: openRPCVersion, Info: openRPCInfo{Title: "spvd", Description: openRPCAbout, Version: version}}
	for i := range t {
		m := &t[i]
		described := openRPCMethod{
			Name:           m.Name,
			Summary:        m.Summary,
			Description:    strings.TrimSpace(strings.Join([]string{m.Help, m.limits()}, " ")),
			ParamStructure: "either",
			Params:         make([]openRPCContent, len(m.Params)),
			Result:         openRPCContent{Name: "result", Description: m.Result, Schema: d.oneOf(m.Returns)},
			Errors:         errorsOf[m.Name],
			Websocket:      m.Websocket,
		}
		for j := range m.Params {
			described.Params[j] = d.param(&m.Params[j])
		}
		doc.Methods = append(doc.Methods, described)
	}
	for _, n := range notifications() {
		described := openRPCNotification{Name: n.topic, Summary: n.text}
		for _, p := range n.params {
			described.Params = append(described.Params, openRPCContent{Name: p.name, Required: true, Schema: d.of(reflect.TypeOf(p.value))})
		}
		doc.Notifications = append(doc.Notifications, described)
	}
	doc.Components = openRPCComponents{Schemas: d.schemas, Errors: make(map[string]api.Error)}
	for _, c := range api.Codes() {
		doc.Components.Errors[c.Name] = api.Error{Code: c.Code, Message: c.Meaning}
	}
	return doc, nil
}

// hashSchema is the name of the schema of parameters that are hashes.
const hashSchema = "Hash"

// named returns the reference to a schema by its name.
func named(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func (d *describer) param(p *param) openRPCContent {
	s := schema{}
	switch p.kind {
	case kindInt:
		s["type"] = "integer"
	case kindBool:
		s["type"] = "boolean"
	case kindHash:
		s = named(hashSchema)
	case kindBirthday:
		s["type"] = []string{"string", "integer"}
	case kindStrings:
		s = d.of(reflect.TypeFor[[]string]())
	case kindOutPoints:
		s = d.of(reflect.TypeFor[[]api.OutPoint]())
	case kindPayments:
		s["type"], s["additionalProperties"] = "object", named("Amount")
	case kindInputs:
		s = d.of(reflect.TypeFor[[]api.RawInput]())
	case kindFundOptions:
		s = d.of(reflect.TypeFor[api.FundOptions]())
	case kindBuildOptions:
		s = d.of(reflect.TypeFor[api.BuildOptions]())
	case kindExport:
		s = d.imported()
	default:
		s["type"] = "string"
	}
	switch p.def.(type) {
	case string, int64, bool:
		if p.optional && p.def != "" {
			s["default"] = p.def
		}
	}
	return openRPCContent{Name: p.name, Description: p.text, Required: !p.optional, Schema: s}
}

// imported returns the schema of an export as a parameter: more may be left out than is in one that
// was returned.
func (d *describer) imported() schema {
	const name = "WalletImport"
	s := d.object(reflect.TypeFor[api.WalletExport]())
	s["required"], s["description"] = []string{"version", "network"}, "WalletImport is a WalletExport, of which lists and the birthday may be left out."
	d.schemas[name] = s
	return named(name)
}

// oneOf returns the schema of values of the types of some. An empty list may be of several.
func (d *describer) oneOf(some []any) schema {
	forms := make([]schema, len(some))
	for i, v := range some {
		forms[i] = d.of(reflect.TypeOf(v))
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return schema{"anyOf": forms}
}

// of returns the schema of the JSON form of a type, which is not recursive; nil is the type of
// null. That of a struct has the name of the type.
func (d *describer) of(t reflect.Type) schema {
	if t == nil {
		return schema{"type": "null"}
	}
	if t == reflect.TypeFor[api.Amount]() || t == reflect.TypeFor[api.Coins]() {
		return named("Amount")
	}
	if t.Implements(reflect.TypeFor[json.Marshaler]()) { // in a form of its own
		return schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schema{"oneOf": []schema{d.of(t.Elem()), {"type": "null"}}}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		return schema{"type": "array", "items": d.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.of(t.Elem())}
	case reflect.Struct:
		if d.schemas[t.Name()] == nil {
			d.schemas[t.Name()] = d.object(t)
		}
		return named(t.Name())
	case reflect.Interface:
		return schema{}
	default:
		return schema{"type": "integer"}
	}
}

// object returns the schema of a struct.
func (d *describer) object(t reflect.Type) schema {
	properties, required := make(map[string]schema), []string{}
	d.addProperties(properties, &required, t)
	if alone, ok := alwaysThere()[t]; ok {
		required = alone
	}
	s := schema{"type": "object", "properties": properties}
	if text := d.comments[t.Name()]; text != "" {
		s["description"] = text
	}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// alwaysThere returns the required members where the tags of the struct do not tell them: those
// that all kinds of inputs of dcrd have, and those of parameters that are not zero if left out.
func alwaysThere() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[types.Vin]():    {"sequence", "amountin", "blockheight", "blockindex"},
		reflect.TypeFor[api.OutPoint](): {"txid"},
		reflect.TypeFor[api.RawInput](): {"txid"},
	}
}

// addProperties adds the fields of a struct, those of embedded ones as its own. One that is
// left out when it is empty is never null, and not required.
func (d *describer) addProperties(properties map[string]schema, required *[]string, t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			d.addProperties(properties, required, field.Type)
			continue
		case !field.IsExported() || name == "-":
			continue
		}
		of := field.Type
		if option == "omitempty" && of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		property := d.of(of)
		if text := d.comments[t.Name()+"."+name]; text != "" {
			if property["$ref"] != nil { // beside which nothing counts
				property = schema{"allOf": []schema{property}}
			}
			property["description"] = text
		}
		properties[name] = property
		if option != "omitempty" {
			*required = append(*required, name)
		}
	}
}
