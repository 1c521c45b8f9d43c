package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestExamplesWorkInEveryForm calls each method as its example says, by position
// and by name, in both versions, alone and in a batch. All have the same result,
// which fits the schema of the method.
func TestExamplesWorkInEveryForm(t *testing.T) {
	_, doc := discovered(t)
	schemas := make(map[string]map[string]any)
	for _, m := range doc.Methods {
		schemas[m.Name] = m.Result.Schema
	}
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.New()))
	for _, m := range described(t, address) {
		if m.Websocket { // subscribing begins to notify: the transcript has them
			continue
		}
		var want json.RawMessage
		for _, params := range []string{string(m.Example), named(t, m)} {
			for _, version := range []string{"1.0", "2.0"} {
				request := fmt.Sprintf(`{"jsonrpc":%q,"method":%q,"params":%s,"id":1}`, version, m.Name, params)
				got := callOnce(t, m, version, request)
				if want == nil {
					want = got
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s has the result %.200s, not %.200s", request, got, want)
				}
			}
		}
		var result any
		if err := json.Unmarshal(want, &result); err != nil {
			t.Fatal(err)
		}
		if schemas[m.Name] == nil {
			t.Errorf("%s has no schema", m.Name)
		} else if err := fits(result, schemas[m.Name]); err != nil {
			t.Errorf("%s: %v: %.200s", m.Name, err, want)
		}
	}
}

// callOnce makes a call alone and in a batch, each of a daemon to which nothing has
// happened, and returns the result.
func callOnce(t *testing.T, m api.MethodInfo, version, request string) json.RawMessage {
	t.Helper()
	ask := func(body string) string {
		address, stop := rpctest.Start(t, rpctest.Config(rpctest.New()))
		defer stop()
		_, reply := post(t, address, body)
		return strings.TrimSpace(reply)
	}
	alone, batch := ask(request), ask("["+request+"]")
	if batch != "["+alone+"]" {
		t.Errorf("%s answers %.200s, and in a batch %.200s", request, alone, batch)
	}
	var r struct {
		Version       string `json:"jsonrpc"`
		Result, Error json.RawMessage
	}
	if err := json.Unmarshal([]byte(alone), &r); err != nil || r.Version != version {
		t.Fatalf("%s: %.200s, %v", request, alone, err)
	}
	if wrong := version == "2.0" && r.Error != nil || version == "1.0" && string(r.Error) != "null"; wrong {
		t.Errorf("the example of %s: %.200s", m.Name, alone)
	}
	return r.Result
}

// named returns the parameters of the example of a method by name.
func named(t *testing.T, m api.MethodInfo) string {
	t.Helper()
	var given []json.RawMessage
	if err := json.Unmarshal(m.Example, &given); err != nil || len(given) > len(m.Params) {
		t.Fatalf("example of %s: %s, %v", m.Name, m.Example, err)
	}
	byName := make(map[string]json.RawMessage)
	for i, value := range given {
		byName[m.Params[i].Name] = value
	}
	text, err := json.Marshal(byName)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
