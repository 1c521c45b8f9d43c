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

// TestExamplesWorkInEveryForm calls each method as its example says, by position and by name, in
// both versions, alone and in a batch. The parameters are never refused as such; for methods that
// only read all forms have the same result, which fits the schema of the method.
func TestExamplesWorkInEveryForm(t *testing.T) {
	_, doc := discovered(t)
	s := newStage(t)
	for _, m := range described(t, s.address) {
		if m.Websocket || m.Name == "rescanwallet" || m.Name == "discoverusage" { // the transcripts have them
			continue
		}
		var want json.RawMessage
		for _, params := range []string{string(m.Example), named(t, m)} {
			params = s.example(params)
			for _, version := range []string{"1.0", "2.0"} {
				request := fmt.Sprintf(`{"jsonrpc":%q,"method":%q,"params":%s,"id":1}`, version, m.Name, params)
				got := s.callOnce(m, version, request)
				if want == nil {
					want = got
				}
				if m.Reads && !bytes.Equal(got, want) {
					t.Errorf("%s has the result %.200s, not %.200s", request, got, want)
				}
			}
		}
		var result any
		if want == nil || json.Unmarshal(want, &result) != nil {
			continue // it was refused
		}
		if schema := doc.result(m.Name); schema == nil {
			t.Errorf("%s has no schema", m.Name)
		} else if err := doc.fits(result, schema); err != nil {
			t.Errorf("%s: %v: %.200s", m.Name, err, want)
		}
	}
}

// example returns an example for this daemon.
func (s *stage) example(params string) string {
	return s.words.Replace(strings.NewReplacer(
		"298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980", "{block0}",
		"DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", "{address1}",
		"2a00000000000000000000000000000000000000000000000000000000000000", "{tx150}",
		rpctest.PeerAddress, "192.0.2.77:9108",
	).Replace(params))
}

// callOnce makes a call alone and in a batch and returns its result, nil if the daemon refuses it
// for its state.
func (s *stage) callOnce(m api.MethodInfo, version, request string) json.RawMessage {
	s.Helper()
	var r, inBatch struct {
		Version       string `json:"jsonrpc"`
		Result, Error json.RawMessage
	}
	alone := steady(s.post("/", request))
	batch := steady(s.post("/", "["+request+"]"))
	err := json.Unmarshal([]byte(alone), &r)
	if err != nil || r.Version != version {
		s.Fatalf("%s: %.200s, %v", request, alone, err)
	}
	batch = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(batch), "["), "]")
	if err := json.Unmarshal([]byte(batch), &inBatch); err != nil || m.Reads && batch != strings.TrimSpace(alone) {
		s.Errorf("%s answers %.200s, and in a batch %.200s", request, alone, batch)
	}
	var refused *api.Error
	if err := json.Unmarshal(r.Error, &refused); r.Error != nil && err != nil || (version == "2.0") != (r.Error == nil) && refused == nil {
		s.Errorf("the example of %s: %.200s", m.Name, alone)
	}
	if refused == nil {
		return r.Result
	}
	switch refused.Code {
	case api.CodeParams, api.CodeInvalidRequest, api.CodeNoMethod, api.CodeInternal:
		s.Errorf("the example of %s: %.200s", m.Name, alone)
	}
	if m.Reads && !refusedHere(m.Name) {
		s.Errorf("the example of %s, which reads, is refused: %.200s", m.Name, alone)
	}
	return nil
}

// refusedHere reports whether the example of a method is refused on the simulation network,
// or without a script of several keys. Tests of package method hold what they answer.
func refusedHere(name string) bool {
	return name == "validatepredcp0005cf" || name == "getmultisigoutinfo"
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
