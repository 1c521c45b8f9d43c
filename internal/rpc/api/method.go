package api

import "encoding/json"

// AuthenticateMethod authenticates a websocket that was opened without Basic authentication:
// its first call, with user name and password as parameters. It exists on websockets only.
const AuthenticateMethod = "authenticate"

// Names of parameter types. A hash is a string of 64 hex digits.
const (
	TypeString  = "string"
	TypeInteger = "integer"
	TypeBoolean = "boolean"
	TypeHash    = "hash"

	TypeStrings   = "array of strings"
	TypeOutPoints = "array of outputs" // objects with txid, vout and tree

	TypeBirthday = "height, date or new"

	TypePayments = "object of amounts"
	TypeInputs   = "array of inputs" // objects with txid, vout, tree and amount
	TypeObject   = "object"
)

// MethodInfo describes a method; help returns it when asked to.
type MethodInfo struct {
	Name    string      `json:"name"`
	Summary string      `json:"summary"` // one sentence
	Help    string      `json:"help"`    // more of them, or none
	Params  []ParamInfo `json:"params"`
	Result  string      `json:"result"`

	// Example is the parameters of an example call.
	Example json.RawMessage `json:"example"`

	// Reads is true for methods that change nothing: the read-only user may
	// call them.
	Reads bool `json:"reads"`

	// OfWallets is true for methods that users of single wallets may call.
	OfWallets bool `json:"ofwallets"`

	// Websocket is true for methods that exist on websockets only.
	Websocket bool `json:"websocket,omitempty"`
}

// ParamInfo describes a parameter of a method.
type ParamInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Text     string `json:"text"`
	Optional bool   `json:"optional"`
	Default  any    `json:"default,omitempty"`
}
