package method

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

func TestDecodeArgs(t *testing.T) {
	m := Method{Name: "m", Params: []param{
		{name: "block", kind: kindHash},
		{name: "height", kind: kindInt},
		{name: "label", kind: kindString, optional: true, def: "none"},
		{name: "verbose", kind: kindBool, optional: true, def: true},
	}}
	const hash = `"` + exampleHash + `"`
	for _, test := range []struct {
		params string
		want   string // height label verbose, or the code of the error and a part of its message
	}{
		{`[` + hash + `,1]`, "1 none true"},
		{`[` + hash + `,-1,"a",false]`, "-1 a false"},
		{`[` + hash + `,1,null,false]`, "1 none false"},
		{`{"height":1,"block":` + hash + `}`, "1 none true"},
		{`{"verbose":false,"height":1,"label":null,"block":` + hash + `}`, "1 none false"},
		{``, "-32602 parameter 1 (block) is missing; usage: m block height (label=none) (verbose=true)"},
		{`[]`, "-32602 parameter 1 (block) is missing"},
		{`[` + hash + `]`, "-32602 parameter 2 (height) is missing"},
		{`[` + hash + `,null]`, "-32602 parameter 2 (height) is missing"},
		{`{"height":1}`, "-32602 parameter 1 (block) is missing"},
		{`[` + hash + `,1,"a",false,5]`, "-32602 5 parameters are given, at most 4 taken"},
		{`{"height":1,"block":` + hash + `,"other":1}`, `-32602 there is no parameter other`},
		{`[` + hash + `,"1"]`, `-32602 parameter height is "1", not of type integer`},
		{`[` + hash + `,1.5]`, "-32602 parameter height is 1.5, not of type integer"},
		{`[` + hash + `,9223372036854775808]`, "-32602 parameter height is 9223372036854775808, not"},
		{`[` + hash + `,1,7]`, "-32602 parameter label is 7, not of type string"},
		{`[` + hash + `,1,"a",1]`, "-32602 parameter verbose is 1, not of type boolean"},
		{`[1,1]`, "-32602 parameter block is 1, not of type hash"},
		{`["12",1]`, "-22 parameter block is 12, not a hash of 64 hex digits"},
		{`["` + strings.Repeat("g", 64) + `",1]`, "-22 parameter block is gggg"},
		{`["` + strings.Repeat("a", 1000) + `",1]`, "-22 parameter block is " + strings.Repeat("a", 80) + "..., not"},
	} {
		var got string
		a, err := m.decodeArgs([]byte(test.params))
		var e *api.Error
		switch {
		case errors.As(err, &e):
			got = fmt.Sprintf("%d %s", e.Code, e.Message)
		case err != nil:
			got = err.Error()
		default:
			got = fmt.Sprint(a.int("height"), " ", a.str("label"), " ", a.bool("verbose"))
			if h := a.hash("block"); h.String() != exampleHash {
				t.Errorf("%s gives hash %s", test.params, h)
			}
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s gives %s, want %s", test.params, got, test.want)
		}
	}
}

// Every entry of the table has to be callable by position: what may be left
// out comes last, and a default has the type of its parameter.
func TestTable(t *testing.T) {
	previous := ""
	for _, m := range NewRegistry(Core{}).Methods {
		if m.Name <= previous {
			t.Errorf("%s stands after %s", m.Name, previous)
		}
		previous = m.Name
		optional := false
		for _, p := range m.Params {
			if optional && !p.optional {
				t.Errorf("%s: %s is required after an optional parameter", m.Name, p.name)
			}
			optional = p.optional
			if p.optional && !p.kind.holds(p.def) {
				t.Errorf("%s: default of %s is %v", m.Name, p.name, p.def)
			}
		}
	}
}

// holds reports whether a value has the Go type of the kind.
func (k kind) holds(v any) bool {
	switch v.(type) {
	case int64:
		return k == kindInt
	case bool:
		return k == kindBool
	case string:
		return k == kindString || k == kindBirthday
	case []string:
		return k == kindStrings
	case api.FundOptions:
		return k == kindFundOptions
	case api.BuildOptions:
		return k == kindBuildOptions
	case api.WalletExport:
		return k == kindExport
	default:
		return false
	}
}

// FuzzParams calls methods with any JSON as parameters: these fit the method or are refused with
// a code.
func FuzzParams(f *testing.F) {
	for _, seed := range [][2]string{
		{"getblock", `["` + exampleHash + `",true,false]`},
		{"getblockheader", `{"hash":"00","verbose":null}`},
		{"getblockhash", `[1e3]`},
		{"lockunspent", `{"unlock":false,"transactions":[{"txid":"00","vout":1,"tree":0}]}`},
		{"listunspent", `[1,9,["a","b"]]`},
		{"subscribe", `["confirmations","",6]`},
		{"createrawtransaction", `[[{"txid":"00","vout":1,"tree":0,"amount":1e-8}],{"a":1,"b":0.5}]`},
		{"buildtransaction", `[{"a":1},{"coins":[{"txid":"00"}],"feerate":1e-4,"changebranch":1}]`},
		{"importwallet", `["a",{"version":1,"accounts":[{"external":{"late":{"5":{"height":1}}}}]}]`},
		{"help", `[[]]`}, {"stop", ``}, {"importxpub", `["a","b",7]`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	known := NewRegistry(Core{})
	f.Fuzz(func(t *testing.T, name string, params []byte) {
		if m := known.Find(name); m != nil && (len(params) == 0 || json.Valid(params)) {
			checkArgs(t, m, bytes.TrimSpace(params))
		}
	})
}

// checkArgs fails the test unless the parameters are refused with a code, or
// all there with the right types.
func checkArgs(t *testing.T, m *Method, params json.RawMessage) {
	a, err := m.decodeArgs(params)
	if err != nil {
		var e *api.Error
		if !errors.As(err, &e) || e.Code == 0 || e.Message == "" {
			t.Fatalf("%s with %q fails with %#v", m.Name, params, err)
		}
		return
	}
	for _, p := range m.Params {
		switch p.kind {
		case kindInt:
			a.int(p.name)
		case kindBool:
			a.bool(p.name)
		case kindHash:
			a.hash(p.name)
		case kindString:
			a.str(p.name)
		case kindStrings:
			a.strings(p.name)
		default:
			a.value(p.name)
		}
	}
}
