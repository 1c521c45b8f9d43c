package rpc

import (
	"encoding/json"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
)

// Replies by version: the older form always has all members, the newer one
// either a result or an error.
type (
	reply1 struct {
		Version string          `json:"jsonrpc"`
		Result  json.RawMessage `json:"result"`
		Error   *api.Error      `json:"error"`
		ID      json.RawMessage `json:"id"`
	}
	result2 struct {
		Version string          `json:"jsonrpc"`
		Result  json.RawMessage `json:"result"`
		ID      json.RawMessage `json:"id"`
	}
	error2 struct {
		Version string          `json:"jsonrpc"`
		Error   *api.Error      `json:"error"`
		ID      json.RawMessage `json:"id"`
	}
)

// reply returns the reply to a call, in the form of its version.
func (c *call) reply(result json.RawMessage, fault *api.Error) json.RawMessage {
	var v any
	switch {
	case c.version != version2:
		v = reply1{c.version, result, fault, c.id}
	case fault != nil:
		v = error2{c.version, fault, c.id}
	default:
		v = result2{c.version, result, c.id}
	}
	b, err := view.JSON(v)
	if err != nil {
		panic("rpc: encode reply: " + err.Error()) // result and id are valid JSON
	}
	return b
}
