package method

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

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

	kindPayments     // api.Payments
	kindInputs       // []api.RawInput
	kindFundOptions  // api.FundOptions
	kindBuildOptions // api.BuildOptions
	kindExport       // api.WalletExport
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
	case kindPayments:
		return api.TypePayments
	case kindInputs:
		return api.TypeInputs
	case kindFundOptions, kindBuildOptions, kindExport:
		return api.TypeObject
	default:
		return api.TypeString
	}
}

// args are the decoded parameters of a call, one for each in the table.
type args struct {
	params []param
	values []any
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
func (m *Method) decodeArgs(raw json.RawMessage) (args, error) {
	given, err := m.arrange(raw)
	if err != nil {
		return args{}, err
	}
	a := args{params: m.Params, values: make([]any, len(m.Params))}
	for i, p := range m.Params {
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
func (m *Method) arrange(raw json.RawMessage) ([]json.RawMessage, error) {
	given := make([]json.RawMessage, len(m.Params))
	if len(raw) > 0 && raw[0] == '{' {
		var named map[string]json.RawMessage
		if err := json.Unmarshal(raw, &named); err != nil {
			return nil, m.usage("the parameters cannot be read")
		}
		for i, p := range m.Params {
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
		if len(positional) > len(m.Params) {
			return nil, m.usage("%d parameters are given, at most %d taken", len(positional), len(m.Params))
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
func (m *Method) usage(format string, operands ...any) error {
	return fail(api.CodeParams, "%s; usage: %s (run: spvctl help %s)", fmt.Sprintf(format, operands...), m.synopsis(), m.Name)
}

// synopsis shows the method with its parameters, optional ones in parentheses.
func (m *Method) synopsis() string {
	var b strings.Builder
	b.WriteString(m.Name)
	for _, p := range m.Params {
		switch {
		case p.optional && p.def == nil, p.optional && p.def == "", p.kind == kindFundOptions, p.kind == kindBuildOptions:
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
func (m *Method) decode(p *param, raw json.RawMessage) (any, error) {
	switch p.kind {
	case kindInt:
		return decodeAs[int64](m, p, raw)
	case kindBool:
		return decodeAs[bool](m, p, raw)
	case kindStrings:
		return decodeAs[[]string](m, p, raw)
	case kindOutPoints:
		return decodeAs[[]api.OutPoint](m, p, raw)
	case kindPayments:
		return decodeAs[api.Payments](m, p, raw)
	case kindInputs:
		return decodeAs[[]api.RawInput](m, p, raw)
	case kindFundOptions:
		return decodeOptions[api.FundOptions](m, p, raw)
	case kindBuildOptions:
		return decodeOptions[api.BuildOptions](m, p, raw)
	case kindExport:
		return decodeOptions[api.WalletExport](m, p, raw)
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
func decodeAs[T any](m *Method, p *param, raw json.RawMessage) (T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	switch {
	case err != nil && m.Keys:
		return v, m.usage("parameter %s is not of type %s", p.name, p.kind)
	case err != nil:
		return v, m.usage("parameter %s is %s, not of type %s", p.name, shorten(raw), p.kind)
	}
	return v, nil
}

// decodeOptions returns the value of a parameter as a T, an object. A member that T does not
// have is refused: it would have no effect.
func decodeOptions[T any](m *Method, p *param, raw json.RawMessage) (T, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, m.usage("parameter %s: %s", p.name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return v, nil
}

// parseHash decodes a hash. Abbreviated hashes are refused: padded with zeros
// they would name another block.
func (p *param) parseHash(s string) (chainhash.Hash, error) {
	hash, err := chainhash.NewHashFromStr(s)
	if err != nil || len(s) != hex.EncodedLen(chainhash.HashSize) {
		return chainhash.Hash{}, fail(api.CodeHex, "parameter %s is %s, not a hash of 64 hex digits", p.name, shorten([]byte(s)))
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

// anyAccount stands for all accounts. An empty name, which a client sends that has lost the name
// it meant, does not, except where dcrwallet lists coins.
const anyAccount = "*"

// Examples in help that name something of a wallet.
const (
	exampleAccount = "default"
	exampleAddress = "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg"
	exampleXpub    = "dpubZFwxDHxkMYMqXhxc2ZAiT4KWUgrJLBYxqmnZE9qAwBWMoCFbYfWgT2gd1gQSH6vNfUXQsVCv2YWoPoHRcr3z3u6kj1kVPh6JjcPNQwf1kxc"
	exampleTx      = "2a00000000000000000000000000000000000000000000000000000000000000"
	exampleRawTx   = "0100000001000000000000000000000000000000000000000000000000000000000000002a0000000000ffffffff014059730700000000000001510000000000000000015080730700000000000000000000000000"
	examplePubKey  = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func accountParam() param {
	return param{name: "account", kind: kindString, text: "The name of the account."}
}

// someAccountParam chooses one account or all.
func someAccountParam() param {
	return param{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account; * is all of them."}
}

func minConfParam() param {
	return param{name: "minconf", kind: kindInt, optional: true, def: int64(1),
		text: "How many confirmations are asked for; the block itself is the first."}
}

// watchOnlyParam is for clients of wallets that hold keys: here all is watched
// only.
func watchOnlyParam() param {
	return param{name: "includewatchonly", kind: kindBool, optional: true, def: true, text: "Has no effect: nothing is not watch-only."}
}

// fits reports whether the name of an account is chosen.
func fits(chosen, account string) bool {
	return chosen == anyAccount || chosen == account
}

// oneAccount returns an account as the wallet's filters have it: empty for all.
func oneAccount(chosen string) string {
	if chosen == anyAccount {
		return ""
	}
	return chosen
}

// count returns a parameter that may not be negative.
func (a args) count(name string) (int64, error) {
	n := a.int(name)
	if n < 0 || n > math.MaxInt32 {
		return 0, fail(api.CodeInvalid, "parameter %s is %d, not from 0 to %d", name, n, math.MaxInt32)
	}
	return n, nil
}

// bytes returns a parameter in hex. What cannot be read may be a key, and is not
// repeated.
func (a args) bytes(name string) ([]byte, error) {
	raw, err := hex.DecodeString(a.str(name))
	if err != nil {
		return nil, fail(api.CodeHex, "parameter %s is not hex", name)
	}
	return raw, nil
}

// address returns a parameter that is an address of the network. What is none
// may be a key, and is not repeated.
func (c *Call) address(name string) (string, error) {
	addr, err := stdaddr.DecodeAddress(c.str(name), c.Params.ChainParams)
	if err != nil {
		return "", fail(api.CodeNotFound, "parameter %s is not an address of %s", name, c.Params.ChainParams.Name)
	}
	return addr.String(), nil
}

// checkAddresses reports the first text that is no address of the network. It
// may be a key, and is not repeated.
func (c *Call) checkAddresses(texts []string) error {
	for i, text := range texts {
		if _, err := stdaddr.DecodeAddress(text, c.Params.ChainParams); err != nil {
			return fail(api.CodeNotFound, "number %d of the addresses is not one of %s", i+1, c.Params.ChainParams.Name)
		}
	}
	return nil
}

// knownAccount reports an account that does not exist.
func (c *Call) knownAccount(account string) error {
	if fits(account, anyAccount) {
		return nil
	}
	w, err := c.open()
	if err == nil {
		_, err = w.Addresses(account)
	}
	return err
}
