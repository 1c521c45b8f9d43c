package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
)

// version2 is the JSON-RPC version whose replies hold either a result or an
// error. Any other request is answered as dcrd answers version 1.0: with both.
const version2 = "2.0"

// call is one request of a message.
type call struct {
	version string // "1.0" or "2.0"
	method  string
	params  json.RawMessage // array, object, or nil

	// id is the id of the reply: a JSON string, number or null. Without an id no reply is
	// due.
	id json.RawMessage

	// fault is set when the request is malformed. Such a call is answered, with a null id if
	// it has none.
	fault *api.Error
}

// decodeMessage decodes a message into calls. It always returns at least one: a malformed
// request is a call with a fault. A batch is answered with an array.
func decodeMessage(data []byte, mostCalls int) (calls []call, batch bool) {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 || data[0] != '[' {
		return []call{decodeCall(data)}, false
	}
	if countElements(data, mostCalls) > mostCalls {
		return []call{faulty(api.CodeInvalidRequest,
			fmt.Sprintf("the batch holds more than the limit of %d calls: send several", mostCalls))}, false
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		return []call{faulty(api.CodeParse, "the request is not JSON: "+err.Error())}, false
	}
	switch {
	case len(elements) == 0:
		return []call{faulty(api.CodeInvalidRequest, "the batch is empty")}, false
	}
	calls = make([]call, len(elements))
	for i, e := range elements {
		calls[i] = decodeCall(e)
	}
	return calls, true
}

// decodeCall reads one request.
func decodeCall(data []byte) call {
	var r struct {
		Version json.RawMessage `json:"jsonrpc"`
		Method  json.RawMessage `json:"method"`
		Params  json.RawMessage `json:"params"`
		ID      json.RawMessage `json:"id"`
	}
	if !json.Valid(data) {
		return faulty(api.CodeParse, "the request is not JSON")
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return faulty(api.CodeInvalidRequest, "the request is not an object")
	}
	c := call{version: "1.0"}
	if r.Version != nil && json.Unmarshal(r.Version, &c.version) != nil ||
		c.version != "1.0" && c.version != version2 {
		return faulty(api.CodeInvalidRequest, `"jsonrpc" must be "1.0" or "2.0"`)
	}
	if !validID(r.ID) {
		return c.refuse(`"id" must be a string or a number`)
	}
	c.id = r.ID
	if json.Unmarshal(r.Method, &c.method) != nil || c.method == "" {
		return c.refuse(`"method" must be the name of a method`)
	}
	if r.Params != nil && string(r.Params) != "null" {
		if r.Params[0] != '[' && r.Params[0] != '{' {
			return c.refuse(`"params" must be an array or an object`)
		}
		c.params = r.Params
	}
	c.completeID()
	return c
}

// completeID decides whether a reply is due. A request of version 2.0 without an id is a
// notification, as is one of version 1.0 with a null id. A request without version and id was
// typed by a person, and gets a reply.
func (c *call) completeID() {
	switch {
	case c.version == version2:
	case c.id == nil:
		c.id = json.RawMessage("null")
	case string(c.id) == "null":
		c.id = nil
	}
}

// refuse returns the call with a fault.
func (c call) refuse(why string) call {
	c.fault = &api.Error{Code: api.CodeInvalidRequest, Message: "invalid request: " + why}
	if c.id == nil {
		c.id = json.RawMessage("null")
	}
	return c
}

// faulty returns a call that consists of its fault only.
func faulty(code api.Code, text string) call {
	return call{version: "1.0", id: json.RawMessage("null"), fault: &api.Error{Code: code, Message: text}}
}

// validID reports whether an id may be returned unchanged.
func validID(id json.RawMessage) bool {
	if id == nil || string(id) == "null" {
		return true
	}
	if !utf8.Valid(id) {
		return false
	}
	return id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9'
}
