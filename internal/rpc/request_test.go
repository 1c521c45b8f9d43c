package rpc

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

func TestDecodeMessage(t *testing.T) {
	for _, test := range []struct {
		name    string
		message string
		batch   bool
		want    string // method version id params, or the code of the fault; one for each call
	}{
		{"as dcrctl sends it", `{"jsonrpc":"1.0","method":"m","params":[1,"a"],"id":1}`, false, `m 1.0 1 [1,"a"]`},
		{"as curl is used", `{"method":"m","id":"curl"}`, false, `m 1.0 "curl" `},
		{"by hand", `{"method":"m"}`, false, `m 1.0 null `},
		{"version 2.0", `{"jsonrpc":"2.0","method":"m","params":{"a":1},"id":-1.5}`, false, `m 2.0 -1.5 {"a":1}`},
		{"null id of version 2.0", `{"jsonrpc":"2.0","method":"m","id":null}`, false, `m 2.0 null `},
		{"null parameters", `{"jsonrpc":"2.0","method":"m","params":null,"id":1}`, false, `m 2.0 1 `},
		{"notification of version 2.0", `{"jsonrpc":"2.0","method":"m"}`, false, `m 2.0 - `},
		{"notification of version 1.0", `{"jsonrpc":"1.0","method":"m","id":null}`, false, `m 1.0 - `},
		{"white space", " \r\n\t{\"method\":\"m\",\"id\":1}\n", false, `m 1.0 1 `},
		{"batch", ` [{"method":"m","id":1},{"jsonrpc":"2.0","method":"n"}]`, true, `m 1.0 1 ;n 2.0 - `},
		{"batch with a stranger", `[1,{"method":"m","id":1}]`, true, `-32600 null;m 1.0 1 `},
		{"batch of one", `[{"method":"m","id":1}]`, true, `m 1.0 1 `},
		{"empty batch", `[]`, false, `-32600 null`},
		{"large batch", `[1,2,3,4]`, false, `-32600 null`},
		{"nothing", ``, false, `-32700 null`},
		{"no JSON", `{"method":`, false, `-32700 null`},
		{"two values", `{"method":"m","id":1}{}`, false, `-32700 null`},
		{"open batch", `[{"method":"m","id":1}`, false, `-32700 null`},
		{"no object", `"m"`, false, `-32600 null`},
		{"null", `null`, false, `-32600 null`},
		{"no method", `{"jsonrpc":"2.0","id":7}`, false, `-32600 7`},
		{"empty method", `{"method":"","id":7}`, false, `-32600 7`},
		{"number for a method", `{"method":1,"id":7}`, false, `-32600 7`},
		{"notification without method", `{"jsonrpc":"2.0"}`, false, `-32600 null`},
		{"other version", `{"jsonrpc":"3.0","method":"m","id":7}`, false, `-32600 null`},
		{"number for a version", `{"jsonrpc":2.0,"method":"m","id":7}`, false, `-32600 null`},
		{"object for an id", `{"method":"m","id":{}}`, false, `-32600 null`},
		{"bad text for an id", "{\"method\":\"m\",\"id\":\"\xff\"}", false, `-32600 null`},
		{"boolean for an id", `{"method":"m","id":true}`, false, `-32600 null`},
		{"text for parameters", `{"method":"m","params":"a","id":7}`, false, `-32600 7`},
		{"number for parameters", `{"method":"m","params":1,"id":7}`, false, `-32600 7`},
	} {
		t.Run(test.name, func(t *testing.T) {
			calls, batch := decodeMessage([]byte(test.message), 3)
			var got []string
			for _, c := range calls {
				got = append(got, c.summary())
			}
			if s := strings.Join(got, ";"); s != test.want || batch != test.batch {
				t.Errorf("got %s, batch %v; want %s, batch %v", s, batch, test.want, test.batch)
			}
		})
	}
}

// summary returns what a test compares.
func (c *call) summary() string {
	id := "-"
	if c.id != nil {
		id = string(c.id)
	}
	if c.fault != nil {
		code, _ := json.Marshal(c.fault.Code)
		return string(code) + " " + id
	}
	return c.method + " " + c.version + " " + id + " " + string(c.params)
}

func TestReply(t *testing.T) {
	one, two := call{version: "1.0", id: json.RawMessage(`"<&>"`)}, call{version: version2, id: json.RawMessage("7")}
	result, fault := json.RawMessage(`[1]`), &api.Error{Code: api.CodeInvalid, Message: "m"}
	for _, test := range []struct {
		got  json.RawMessage
		want string
	}{
		{one.reply(result, nil), `{"jsonrpc":"1.0","result":[1],"error":null,"id":"<&>"}`},
		{one.reply(nil, fault), `{"jsonrpc":"1.0","result":null,"error":{"code":-8,"message":"m"},"id":"<&>"}`},
		{two.reply(result, nil), `{"jsonrpc":"2.0","result":[1],"id":7}`},
		{two.reply(json.RawMessage("null"), nil), `{"jsonrpc":"2.0","result":null,"id":7}`},
		{two.reply(nil, fault), `{"jsonrpc":"2.0","error":{"code":-8,"message":"m"},"id":7}`},
	} {
		if string(test.got) != test.want {
			t.Errorf("got  %s\nwant %s", test.got, test.want)
		}
	}
}

// FuzzDecode feeds messages through everything that looks at bytes from
// clients. Whatever they are, there are calls; each is a fault or names a
// method; and each that is due a reply gets a JSON object with its id.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"1.0","method":"getblock","params":["00",true,false],"id":1}`,
		`{"jsonrpc":"2.0","method":"getblockheader","params":{"hash":"00","verbose":null},"id":"a"}`,
		`[{"jsonrpc":"2.0","method":"stop"},{"method":"getblockhash","params":[1e3],"id":-0.1}]`,
		`{"method":"lockunspent","params":{"unlock":false,"transactions":[{"txid":"00","vout":1,"tree":0}]},"id":1}`,
		`{"method":"listunspent","params":[1,9,["a","b"]],"id":null}`,
		`{"method":"subscribe","params":["confirmations","",6],"id":1}`,
		`[]`, `{}`, `null`, `"\ud800"`, `{"method":"help","params":[[]]}`, `[[[[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		const most = 10
		calls, batch := decodeMessage(message, most)
		if len(calls) == 0 || len(calls) > most || !batch && len(calls) != 1 {
			t.Fatalf("%d calls, batch %v", len(calls), batch)
		}
		for i := range calls {
			c := &calls[i]
			if c.fault == nil && c.method == "" {
				t.Fatalf("call %d has neither fault nor method", i)
			}
			if c.fault != nil && c.id == nil {
				t.Fatalf("fault %v is not answered", c.fault)
			}
			checkReply(t, c)
		}
	})
}

// checkReply fails the test unless the reply to a call is an object with its id.
func checkReply(t *testing.T, c *call) {
	if c.id == nil {
		return
	}
	var r struct{ ID json.RawMessage }
	reply := c.reply(json.RawMessage("1"), nil)
	if err := json.Unmarshal(reply, &r); err != nil {
		t.Fatalf("reply %q: %v", reply, err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, c.id); err != nil || !bytes.Equal(r.ID, want.Bytes()) {
		t.Fatalf("reply %q to id %q: %v", reply, c.id, err)
	}
}
