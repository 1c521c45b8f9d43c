package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
)

// testCalls: a daemon answers the calls of the field's existing clients in the
// form they expect.
func (s *stage) testCalls(t *testing.T) {
	n := s.newNode(t)
	d := s.newDaemon(t, n.Addr())
	awaitTip(t, d, n)
	c := &caller{t: t, daemon: d, node: n}
	t.Run("answers like dcrd", c.testLikeNode)
	t.Run("answers of its own", c.testFields)
	t.Run("errors", c.testErrors)
	t.Run("envelope", c.testEnvelope)
	t.Run("password", c.testPassword)
}

// caller asks a daemon, and the node it is synced to, the same questions.
type caller struct {
	t      *testing.T
	daemon *daemon.Daemon
	node   *node.Node
}

// testLikeNode: what dcrd can be asked too has the same answer. spvd may say
// more, beside that.
func (c *caller) testLikeNode(t *testing.T) {
	const height = 200
	hash, err := c.node.Hash(t.Context(), height)
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := c.node.Hash(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	tip, err := c.node.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct {
		method string
		params []any
		except []string // what is not a fact about the chain
	}{
		{method: "getbestblock"},
		{method: "getbestblockhash"},
		{method: "getblockcount"},
		{method: "getblockhash", params: []any{0}},
		{method: "getblockhash", params: []any{height}},
		{method: "getcurrentnet"},
		{method: "getblockheader", params: []any{hash.String()}},
		{method: "getblockheader", params: []any{hash.String(), true}},
		{method: "getblockheader", params: []any{hash.String(), false}},
		{method: "getblockheader", params: []any{tip.Hash.String(), true}},
		{method: "getblockheader", params: []any{genesis.String()}},
		{method: "getblock", params: []any{genesis.String()}},
		{method: "getblock", params: []any{hash.String(), false}},
		{method: "getblock", params: []any{hash.String(), true}},
		{method: "getblock", params: []any{hash.String(), true, true}},
		{method: "getcfilterv2", params: []any{hash.String()}, except: []string{"data", "proofindex", "proofhashes"}},
		{method: "getdifficulty"},
		{method: "getblockchaininfo", except: []string{"deployments", "initialblockdownload"}},
		{method: "getheaders", params: []any{[]string{hash.String()}, ""}},
		{method: "getheaders", params: []any{[]string{hash.String()}, tip.Hash.String()}},
		{method: "getheaders", params: []any{[]string{nothing, hash.String()}, ""}},
		{method: "getheaders", params: []any{[]string{nothing}, hash.String()}},
		{method: "getheaders", params: []any{[]string{}, hash.String()}},
		{method: "getheaders", params: []any{[]string{}, nothing}},
		{method: "getheaders", params: []any{[]string{}, ""}},
		{method: "ping"},
	} {
		var got, want any
		if err := c.daemon.Call(t.Context(), call.method, &got, call.params...); err != nil {
			t.Errorf("%s %v: %v", call.method, call.params, err)
			continue
		}
		if err := c.node.Call(t.Context(), call.method, &want, call.params...); err != nil {
			t.Errorf("%s %v of the node: %v", call.method, call.params, err)
			continue
		}
		for _, difference := range missing(want, got, call.method, call.except) {
			t.Errorf("%v: %s", call.params, difference)
		}
	}
}

// missing tells where a result lacks or changes something of another one.
func missing(want, got any, at string, except []string) []string {
	fields, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(want, got) {
			return []string{at + ": " + text(got) + ", want " + text(want)}
		}
		return nil
	}
	have, ok := got.(map[string]any)
	if !ok {
		return []string{at + ": " + text(got) + ", want an object"}
	}
	var out []string
	for name, value := range fields {
		if !strings.Contains(" "+strings.Join(except, " ")+" ", " "+name+" ") {
			out = append(out, missing(value, have[name], at+"."+name, nil)...)
		}
	}
	return out
}

// text returns a value as JSON, shortened.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b[:min(len(b), 200)])
}

// testFields: results that dcrwallet's clients read hold the fields they read.
func (c *caller) testFields(t *testing.T) {
	for method, fields := range map[string][]string{
		"syncstatus":  {"synced", "initialblockdownload", "headersfetchprogress"},
		"getinfo":     strings.Fields("version protocolversion walletversion balance blocks timeoffset connections proxy difficulty testnet keypoololdest keypoolsize unlocked_until paytxfee relayfee errors"),
		"getpeerinfo": strings.Fields("id addr addrlocal services version subver startingheight banscore"),
	} {
		var result any
		if err := c.daemon.Call(t.Context(), method, &result); err != nil {
			t.Error(err)
			continue
		}
		if list, ok := result.([]any); ok && len(list) == 1 {
			result = list[0]
		}
		object, ok := result.(map[string]any)
		if !ok {
			t.Errorf("%s: %s, want an object", method, text(result))
			continue
		}
		for _, name := range fields {
			if _, ok := object[name]; !ok {
				t.Errorf("%s: no field %s", method, name)
			}
		}
	}
	var status struct{ Synced, InitialBlockDownload bool }
	if err := c.daemon.Call(t.Context(), "syncstatus", &status); err != nil || !status.Synced || status.InitialBlockDownload {
		t.Errorf("syncstatus: %+v (%v), want it synced", status, err)
	}
	var versions map[string]struct{ Major int }
	if err := c.daemon.Call(t.Context(), "version", &versions); err != nil {
		t.Fatal(err)
	}
	if major := versions["dcrwalletjsonrpcapi"].Major; major != 11 {
		t.Errorf("version: dcrwalletjsonrpcapi %d, want 11", major)
	}
	if _, ok := versions["dcrdjsonrpcapi"]; ok {
		t.Error("version: claims to be a full node")
	}
}

// nothing is the hash of no block.
const nothing = "00000000000000000000000000000000000000000000000000000000000000ff"

// testErrors: what cannot be answered has the code clients look for.
func (c *caller) testErrors(t *testing.T) {
	for _, call := range []struct {
		method string
		params []any
		code   int
	}{
		{"nosuchmethod", nil, -32601},
		{"getblockhash", nil, -32602},
		{"getblockhash", []any{"one"}, -32602},
		{"getblockhash", []any{1, 2}, -32602},
		{"getblockheader", []any{nothing}, -5},
		{"getblock", []any{nothing}, -5},
		{"getcfilterv2", []any{nothing}, -5},
	} {
		err := c.daemon.Call(t.Context(), call.method, nil, call.params...)
		if refusal := refusalOf(err); refusal == nil || refusal.Code != call.code || refusal.Message == "" {
			t.Errorf("%s %v: %v, want code %d", call.method, call.params, err, call.code)
		}
	}
}

// envelope is an answer by its fields, which must all be there.
type envelope map[string]json.RawMessage

// testEnvelope: an answer has a result, an error and the request's id, whatever
// it says, and the status of HTTP is 200.
func (c *caller) testEnvelope(t *testing.T) {
	for _, request := range []struct {
		body string
		id   string
		code string // of the error; empty if there is none
	}{
		{`{"jsonrpc":"1.0","method":"getblockcount","params":[],"id":1}`, `1`, ``},
		{`{"jsonrpc":"1.0","method":"getblockcount","params":[],"id":"dcrctl"}`, `"dcrctl"`, ``},
		{`{"method":"getblockcount","id":7}`, `7`, ``},
		{`{"jsonrpc":"1.0","method":"nosuchmethod","params":[],"id":2}`, `2`, `-32601`},
		{`{"jsonrpc":"1.0","params":[],"id":3}`, `3`, `-32600`},
		{`{"jsonrpc":"1.0",`, `null`, `-32700`},
	} {
		answer := c.post(t, request.body)
		var e envelope
		if err := json.Unmarshal(answer, &e); err != nil {
			t.Errorf("%s: %v in %s", request.body, err, answer)
			continue
		}
		if string(e["id"]) != request.id || e["result"] == nil || e["error"] == nil {
			t.Errorf("%s: %s, want a result, an error and the id %s", request.body, answer, request.id)
		}
		if got := codeOf(e["error"]); got != request.code {
			t.Errorf("%s: error code %s, want %s", request.body, got, request.code)
		}
	}
	var batch []envelope
	answer := c.post(t, `[{"method":"getblockcount","id":1},{"method":"nosuchmethod","id":2}]`)
	if err := json.Unmarshal(answer, &batch); err != nil || len(batch) != 2 {
		t.Errorf("two requests in one: %s (%v), want two answers", answer, err)
	}
}

// post sends a body, wants HTTP to be content and returns the answer.
func (c *caller) post(t *testing.T, body string) []byte {
	t.Helper()
	reply, err := c.daemon.Post(t.Context(), body, true)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != http.StatusOK {
		t.Errorf("%s: HTTP status %d, want 200", body, reply.Status)
	}
	return reply.Body
}

// codeOf returns the code of an error, empty if it is null.
func codeOf(raw json.RawMessage) string {
	var e *struct{ Code json.Number }
	if err := json.Unmarshal(raw, &e); err != nil {
		return err.Error()
	}
	if e == nil {
		return ""
	}
	return e.Code.String()
}

// testPassword: a client without a password gets no answer.
func (c *caller) testPassword(t *testing.T) {
	reply, err := c.daemon.Post(t.Context(), `{"method":"getblockcount","id":1}`, false)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != http.StatusUnauthorized {
		t.Errorf("HTTP status %d, want 401", reply.Status)
	}
	if strings.Contains(string(reply.Body), "result") {
		t.Errorf("an answer without a password: %s", reply.Body)
	}
}

// refusalOf returns the error that the daemon answered with, or nil.
func refusalOf(err error) *daemon.Refusal {
	var r *daemon.Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}
