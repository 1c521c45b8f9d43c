package rpc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

// param describes one parameter of a method.
type param struct {
	name string
	kind kind
	text string // one sentence

	// optional parameters may be left out or null; then they have the default,
	// a value of the Go type of their kind.
	optional bool
	def      any
}

// kind is the type of a parameter.
type kind uint8

// The kinds, with the Go types their values have in args.
const (
	kindString    kind = iota // string
	kindInt                   // int64
	kindBool                  // bool
	kindHash                  // chainhash.Hash
	kindStrings               // []string
	kindOutPoints             // []api.OutPoint
	kindBirthday              // string; a height may be given as a number
)

// String returns the name of the kind that help shows.
func (k kind) String() string {
	switch k {
	case kindInt:
		return api.TypeInteger
	case kindBool:
		return api.TypeBoolean
	case kindHash:
		return api.TypeHash
	case kindStrings:
		return api.TypeStrings
	case kindOutPoints:
		return api.TypeOutPoints
	case kindBirthday:
		return api.TypeBirthday
	default:
		return api.TypeString
	}
}

// args are the decoded parameters of a call, one for each in the table.
type args struct {
	params []param
	values []any
	caller *caller
}

func (a args) str(name string) string          { return a.value(name).(string) }
func (a args) int(name string) int64           { return a.value(name).(int64) }
func (a args) bool(name string) bool           { return a.value(name).(bool) }
func (a args) strings(name string) []string    { return a.value(name).([]string) }
func (a args) hash(name string) chainhash.Hash { return a.value(name).(chainhash.Hash) }

// value returns the value of a parameter that is in the table.
func (a args) value(name string) any {
	return a.values[slices.IndexFunc(a.params, func(p param) bool { return p.name == name })]
}

// decodeArgs checks the parameters of a call against the table. Raw is a JSON
// array, a JSON object, or empty.
func (m *method) decodeArgs(raw json.RawMessage) (args, error) {
	given, err := m.arrange(raw)
	if err != nil {
		return args{}, err
	}
	a := args{params: m.params, values: make([]any, len(m.params))}
	for i, p := range m.params {
		switch {
		case given[i] != nil:
			if a.values[i], err = m.decode(&p, given[i]); err != nil {
				return args{}, err
			}
		case p.optional:
			a.values[i] = p.def
		default:
			return args{}, m.usage("parameter %d (%s) is missing", i+1, p.name)
		}
	}
	return a, nil
}

// arrange returns the raw parameters in the order of the table, nil where one
// was not given or is null.
func (m *method) arrange(raw json.RawMessage) ([]json.RawMessage, error) {
	given := make([]json.RawMessage, len(m.params))
	if len(raw) > 0 && raw[0] == '{' {
		var named map[string]json.RawMessage
		if err := json.Unmarshal(raw, &named); err != nil {
			return nil, m.usage("the parameters cannot be read")
		}
		for i, p := range m.params {
			given[i] = named[p.name]
			delete(named, p.name)
		}
		for name := range named {
			return nil, m.usage("there is no parameter %s", shorten([]byte(name)))
		}
	} else if len(raw) > 0 {
		var positional []json.RawMessage
		if err := json.Unmarshal(raw, &positional); err != nil {
			return nil, m.usage("the parameters cannot be read")
		}
		if len(positional) > len(m.params) {
			return nil, m.usage("%d parameters are given, at most %d taken", len(positional), len(m.params))
		}
		copy(given, positional)
	}
	for i := range given {
		if string(given[i]) == "null" {
			given[i] = nil
		}
	}
	return given, nil
}

// usage is the error for parameters that do not fit the method.
func (m *method) usage(format string, operands ...any) error {
	return fail(api.CodeParams, "%s; usage: %s (run: spvctl help %s)", fmt.Sprintf(format, operands...), m.synopsis(), m.name)
}

// synopsis shows the method with its parameters, optional ones in parentheses.
func (m *method) synopsis() string {
	var b strings.Builder
	b.WriteString(m.name)
	for _, p := range m.params {
		switch {
		case p.optional && p.def == nil, p.optional && p.def == "":
			fmt.Fprintf(&b, " (%s)", p.name)
		case p.optional:
			fmt.Fprintf(&b, " (%s=%v)", p.name, p.def)
		default:
			fmt.Fprintf(&b, " %s", p.name)
		}
	}
	return b.String()
}

// decode returns the value of a parameter.
func (m *method) decode(p *param, raw json.RawMessage) (any, error) {
	switch p.kind {
	case kindInt:
		return decodeAs[int64](m, p, raw)
	case kindBool:
		return decodeAs[bool](m, p, raw)
	case kindStrings:
		return decodeAs[[]string](m, p, raw)
	case kindOutPoints:
		return decodeAs[[]api.OutPoint](m, p, raw)
	case kindBirthday:
		if height, err := decodeAs[uint32](m, p, raw); err == nil {
			return strconv.FormatUint(uint64(height), 10), nil
		}
		return decodeAs[string](m, p, raw)
	case kindHash:
		s, err := decodeAs[string](m, p, raw)
		if err != nil {
			return nil, err
		}
		return p.parseHash(s)
	default:
		return decodeAs[string](m, p, raw)
	}
}

// decodeAs returns the value of a parameter as a T. It is not null.
func decodeAs[T any](m *method, p *param, raw json.RawMessage) (T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	switch {
	case err != nil && m.keys:
		return v, m.usage("parameter %s is not of type %s", p.name, p.kind)
	case err != nil:
		return v, m.usage("parameter %s is %s, not of type %s", p.name, shorten(raw), p.kind)
	}
	return v, nil
}

// parseHash decodes a hash. Abbreviated hashes are refused: padded with zeros
// they would name another block.
func (p *param) parseHash(s string) (any, error) {
	hash, err := chainhash.NewHashFromStr(s)
	if err != nil || len(s) != hex.EncodedLen(chainhash.HashSize) {
		return nil, fail(api.CodeHex, "parameter %s is %s, not a hash of 64 hex digits", p.name, shorten([]byte(s)))
	}
	return *hash, nil
}

// shorten returns what a client sent in a form that fits an error message.
func shorten(raw []byte) string {
	const most = 80
	if len(raw) > most {
		raw = append(bytes.Clone(raw[:most]), "..."...)
	}
	return strings.ToValidUTF8(string(raw), "?")
}
