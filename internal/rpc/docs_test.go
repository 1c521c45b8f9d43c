package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// docsFile is generated from the method table.
const docsFile = "../../docs/rpc.md"

// docsHead is what docs/rpc.md says about all methods.
const docsHead = "# JSON-RPC\n" + `
This page is generated from the method table by ` + "`go test ./internal/rpc -update`" + `; the results are those of a
small example chain.

spvd answers POST requests to ` + "`/`" + ` and websockets on ` + "`/ws`" + `, in JSON-RPC 1.0 and 2.0, single calls and batches,
with positional or named parameters. Both are about the wallet called default; those to ` + "`/wallet/NAME`" + `, POST or
websocket, are about another one. It listens on localhost, port 9112 (19112 on the test network, 19559 on the
simulation network), with TLS and the certificate ` + "`rpc.cert`" + ` in the data directory.

Clients authenticate with HTTP Basic authentication: with the configured user name and password, or with what the
file ` + "`rpc.cookie`" + ` in the directory of the network holds. A websocket may instead call
` + "`authenticate [user, password]`" + ` first. The user of ` + "`--readonlyuser`" + ` may call what only reads, those of
` + "`--walletuser`" + ` what concerns their wallets, or the chain. With
` + "`--clientcafile`" + ` a TLS certificate of the client stands in for the password.

[openrpc.json](openrpc.json) describes methods and notifications for programs, with a named schema for each object, its
required members, and the errors that each method was seen to fail with; the method rpc.discover returns it. A client in
TypeScript, [clients/spvd.ts](clients/spvd.ts), is generated from it, and needs nothing but fetch and WebSocket:

    const spvd = new Client({ url: "https://localhost:9112", user, password });
    const { phase, tip } = await spvd.syncStatus();
    for await (const event of spvd.subscribe("blocks", { cursor })) …

Its subscriptions connect again by themselves, and go on after the last event. [clients/follow.ts](clients/follow.ts) is a
program with it. Package [adapter/rpcclient](../adapter/rpcclient) is the same for Go programs:

    c, err := rpcclient.New(rpcclient.Config{Address: "localhost:9112", CertFile: cert, CookieFile: cookie})
    balance, err := c.GetBalance(ctx, &rpcclient.GetBalanceOptions{Account: new("savings")})
    for event, err := range c.Blocks(ctx, rpcclient.Subscribe{Cursor: cursor}) { … }

    curl --cacert ~/.spvd/rpc.cert -u "$(cat ~/.spvd/mainnet/rpc.cookie)" -d '{"method":"syncstatus"}' https://localhost:9112

An error of a call is part of the reply, which has HTTP status 200:

| code | meaning |
|---|---|
`

const docsStatuses = `
Other HTTP statuses tell of trouble with the request as such: 401 not let in, 403 from a page of another site, 404 and
405 no such place, 413 too large, 415 not JSON, 421 a host name in plain text that is not localhost, 429 too many clients or requests at
once.
`

// docsLimits returns what docs/rpc.md says about the limits.
func docsLimits() string {
	l := rpc.DefaultLimits()
	var b strings.Builder
	b.WriteString("\n## Limits\n\n| of | limit |\n|---|---|\n")
	for _, row := range []struct {
		of    string
		limit any
	}{
		{"POST requests served at once, beyond which they get status 429", l.Requests},
		{"websockets at once, beyond which they get status 429, unless `--rpcmaxwebsockets` says otherwise", l.Websockets},
		{"of both, those of users who may only read or use some wallets only", "half"},
		{"messages of one websocket served at once, beyond which no further one is read", l.Concurrent},
		{"bytes of a request", l.Bytes},
		{"values in a request, lists and objects included", rpc.MostValues},
		{"calls in a batch", l.Batch},
		{"bytes of the replies to a batch, beyond which its further calls are refused", l.ReplyBytes},
		{"time that the calls of a request take together", l.CallTime},
		{"time that a request takes to arrive, and its reply to leave", l.MoveTime},
		{"time to send the headers of a request, or to authenticate on a websocket", l.AuthTime},
		{"time that a connection for POST requests stays open unused", l.IdleTime},
		{"authenticated connections that wait for a further POST request, beyond which the one that has waited longest is closed", l.Idle},
		{"time that calls being served have to return when the daemon stops", l.Grace},
		{"connections from this machine on which nobody has authenticated, and those from all others together", l.Preauth},
		{"those from one other address or /64 network of IPv6", l.PreauthEach},
	} {
		fmt.Fprintf(&b, "| %s | %v |\n", row.of, row.limit)
	}
	return b.String()
}

const docsNotifications = `
## Notifications

A websocket can subscribe to topics (see subscribe). What it then gets are requests without an id:

    {"jsonrpc":"2.0","method":"blocks","params":[{"cursor":"…","tip":{…},"disconnected":[…],"connected":[…]}]}

Nothing is kept for a client. Each syncstatus is the whole truth, so one who is slow misses values in between and never
the newest. blocks is complete: a client that comes back with the cursor of the last step gets the steps since then, and where
that is not possible a step with ` + "`gap`" + ` says that the chain has to be read again.

transactions, confirmations and spends tell what happens to the wallet of the connection:

    {"jsonrpc":"2.0","method":"transactions","params":[{"cursor":"…","tip":{…},"disconnected":[…],"removed":[…],"transactions":[…]}]}

A copy is kept up to date by four rules: what was mined in a block of ` + "`disconnected`" + ` goes; what ` + "`removed`" + ` names goes;
what the list of the topic holds comes, or replaces what is there of the same hash; and with ` + "`gap`" + ` all is read again. The
same thing may be told twice. A subscription begins with all that is not mined: what is not among it has gone. When old
blocks are searched again, as after an import, the cursor goes back with the search, and what is mined there is told again, also to
a client that was away, or slow, meanwhile. A block reward that the votes of the next block have made void is told
with no confirmations, and removed later.
More than 100 transactions come in several notifications, which have ` + "`more`" + ` set instead of a cursor, but for the last.
While the daemon catches up with the chain, it tells each client at most once in a second.

With ` + "`addresses`" + ` or ` + "`labels`" + ` a subscription brings only what concerns these, and ` + "`disconnected`" + ` as before. An entry
of confirmations says what the transaction adds to the wallet, and which of its outputs pay to the wallet:

    {"txid":"…","confirmations":2,"blockhash":"…","blockheight":700000,"amount":1.5,
     "payments":[{"vout":0,"account":"default","address":"Ds…","amount":1.5,"label":"order 7"}]}

jobs tells of each job of the wallet that has changed; without a cursor it begins with those that are not over.

notifyblocks is for clients of dcrd. Its notifications of the mempool, of tickets and of work do not exist: a light client
knows only what concerns its wallet.

## Methods
`

func TestDocs(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	var b strings.Builder
	b.WriteString(docsHead)
	for _, c := range api.Codes() {
		fmt.Fprintf(&b, "| %d | %s |\n", c.Code, c.Meaning)
	}
	b.WriteString(docsStatuses)
	b.WriteString(docsLimits())
	b.WriteString(docsNotifications)
	_, doc := discovered(t)
	page, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range described(t, address) {
		writeMethod(t, &b, m, shownResult(t, string(page), m, func(result any) bool { return doc.fits(result, doc.Methods[i].Result.Schema) == nil }))
	}
	golden(t, docsFile, b.String())
}

// shownResult returns the result that the page shows for the example of a method. In the place of
// one that does not fit the schema any more, and for a new method, that is the first that the
// transcripts have; the page is then written with -update.
func shownResult(t *testing.T, page string, m api.MethodInfo, fits func(result any) bool) string {
	t.Helper()
	if _, section, found := strings.Cut(page, "\n### "+m.Name+"\n"); found {
		section, _, _ = strings.Cut(section, "\n### ")
		_, reply, _ := strings.Cut(section, "\n< ")
		reply, _, _ = strings.Cut(reply, "\n```")
		var result any
		if json.Unmarshal([]byte(reply), &result) != nil || fits(result) { // what is no JSON is text, or shortened
			return reply
		}
	}
	for _, r := range recordings(t) {
		if r.method == m.Name && !r.failed {
			raw, err := json.Marshal(r.result)
			if err != nil {
				t.Fatal(err)
			}
			return indented(t, raw)
		}
	}
	t.Fatalf("no transcript has a result of %s", m.Name)
	return ""
}

// writeMethod writes the section of a method.
func writeMethod(t *testing.T, b *strings.Builder, m api.MethodInfo, shown string) {
	if m.Name == "" || m.Summary == "" || m.Result == "" {
		t.Fatalf("%+v is not fully described", m)
	}
	fmt.Fprintf(b, "\n### %s\n\n%s\n", m.Name, strings.TrimSpace(m.Summary+" "+m.Help))
	if !m.Reads {
		b.WriteString("\nNot for the read-only user.\n")
	}
	if !m.OfWallets {
		b.WriteString("\nNot for users of single wallets.\n")
	}
	if m.Websocket {
		b.WriteString("\nOn websockets only.\n")
	}
	if len(m.Params) > 0 {
		b.WriteString("\n| parameter | type | |\n|---|---|---|\n")
	}
	for _, p := range m.Params {
		if p.Text == "" {
			t.Fatalf("parameter %s of %s is not described", p.Name, m.Name)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s%s |\n", p.Name, p.Type, p.Text, presence(p))
	}
	request := fmt.Sprintf(`{"jsonrpc":"1.0","method":%q,"params":%s,"id":1}`, m.Name, m.Example)
	fmt.Fprintf(b, "\nResult: %s.\n\n```\n> %s\n< %s\n```\n", m.Result, request, shown)
}

// presence says what happens when a parameter is left out.
func presence(p api.ParamInfo) string {
	switch {
	case !p.Optional:
		return ""
	case p.Default == nil || p.Default == "":
		return " Optional."
	default:
		return fmt.Sprintf(" Optional, default %v.", p.Default)
	}
}

// indented returns a result as people read it.
func indented(t *testing.T, result json.RawMessage) string {
	var text string
	if json.Unmarshal(result, &text) == nil && strings.Contains(text, "\n") {
		return text
	}
	var b bytes.Buffer
	if err := json.Indent(&b, result, "", "  "); err != nil {
		t.Fatal(err)
	}
	const most = 80 // lines that anybody reads
	lines := strings.SplitAfter(b.String(), "\n")
	if len(lines) > most {
		lines = append(lines[:most/8:most/8], "  …")
	}
	return strings.Join(lines, "")
}
