package rpc_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrjson/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// commandLine is what dcrctl does to its arguments, by the code that it does it
// with: the registry of dcrd's methods says what type each parameter has. Without
// known, dcrctl refuses the method, or takes it from dcrwallet's registry.
func commandLine(t *testing.T, method string, args []string) (request string, known bool) {
	t.Helper()
	flags, err := dcrjson.MethodUsageFlags(types.Method(method))
	if err != nil || flags&dcrjson.UFWebsocketOnly != 0 {
		return "", false
	}
	params := make([]any, len(args))
	for i, arg := range args {
		params[i] = arg
	}
	cmd, err := dcrjson.NewCmd(types.Method(method), params...)
	if err != nil {
		t.Errorf("dcrctl %s %s: %v", method, strings.Join(args, " "), err)
		return "", false
	}
	raw, err := dcrjson.MarshalCmd("1.0", 1, cmd)
	if err != nil {
		t.Errorf("dcrctl %s %s: %v", method, strings.Join(args, " "), err)
	}
	return string(raw), err == nil
}

// arguments returns JSON parameters as one types them for dcrctl: text as it is, all
// else as JSON.
func arguments(t *testing.T, params json.RawMessage) []string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(params, &list); err != nil {
		t.Fatalf("%s: %v", params, err)
	}
	args := make([]string, len(list))
	for i, raw := range list {
		if json.Unmarshal(raw, &args[i]) != nil {
			args[i] = string(raw)
		}
	}
	return args
}

// TestDcrctlTranscript: what the transcript has dcrctl send is, byte for byte, what
// dcrctl sends.
func TestDcrctlTranscript(t *testing.T) {
	text, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "# dcrctl\n")
	section, _, _ = strings.Cut(section, "\n#")
	count := 0
	for line := range strings.Lines(section) {
		recorded, ok := strings.CutPrefix(strings.TrimSpace(line), "> ")
		if !ok {
			continue
		}
		var r struct {
			Method string
			Params json.RawMessage
		}
		if err := json.Unmarshal([]byte(recorded), &r); err != nil {
			t.Fatal(err)
		}
		if want, known := commandLine(t, r.Method, arguments(t, r.Params)); known {
			count++
			if recorded != want {
				t.Errorf("the transcript has\n     %s\nsent %s", recorded, want)
			}
		}
	}
	if count == 0 {
		t.Error("no request of the transcript is one that dcrctl knows")
	}
}

// TestDcrctlArguments: the examples of all methods that dcrd has too, typed for
// dcrctl, are parameters that the server takes.
func TestDcrctlArguments(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	count := 0
	for _, m := range described(t, address) {
		if m.Name == "stop" {
			continue
		}
		request, known := commandLine(t, m.Name, arguments(t, m.Example))
		if !known {
			continue
		}
		count++
		_, reply := post(t, address, request)
		var r struct{ Error *api.Error }
		if err := json.Unmarshal([]byte(reply), &r); err != nil {
			t.Fatalf("%s: %v", reply, err)
		}
		switch {
		case r.Error == nil:
		case r.Error.Code == api.CodeParams, r.Error.Code == api.CodeInvalidRequest, r.Error.Code == api.CodeNoMethod:
			t.Errorf("%s: %v", request, r.Error)
		}
	}
	t.Logf("%d methods", count)
	if count < 20 {
		t.Errorf("only %d methods were tried", count)
	}
}
