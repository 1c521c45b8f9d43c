package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/local"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/wallet"
)

const patience = 30 * time.Second

// newClient returns a client of a daemon until the test ends.
func newClient(t *testing.T, methods *method.Registry) *local.Client {
	t.Helper()
	c := local.New(local.Config{Methods: methods, Log: slog.New(slog.DiscardHandler), Subscribe: true})
	t.Cleanup(c.Close)
	return c
}

// paidDaemon returns a daemon whose default wallet got 5 DCR in block 30 of 40.
func paidDaemon(t *testing.T) (*rpctest.Daemon, *rpctest.Owner) {
	t.Helper()
	owner := rpctest.NewOwner(t, 1)
	plan := testnet.Plan{}
	plan.Pay(30, owner.Script(0, 0), 5e8)
	return rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 40, Plan: plan, Xpub: owner.Xpub()}), owner
}

// TestAnswersAreThoseOfTheServer: every method that changes nothing answers with the bytes that
// a POST request gets, on the example of its help and on parameters that do not fit.
func TestAnswersAreThoseOfTheServer(t *testing.T) {
	d, _ := paidDaemon(t)
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	c := newClient(t, d.Registry)
	compared := 0
	for _, m := range d.Methods {
		if !m.Reads || m.Websocket || clocked(m.Name) {
			continue
		}
		for _, params := range []string{m.Example, `[]`, `{"none":1}`, `[1,2,3,4,5,6,7,8,9]`} {
			compared++
			want := post(t, address, m.Name, params)
			got := reply(c.Call(t.Context(), "", m.Name, json.RawMessage(params)))
			if got != want {
				t.Errorf("%s %s: got %.300s\nwant %.300s", m.Name, params, got, want)
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d answers were compared", compared)
	}
}

// clocked reports whether the answer of a method changes with time.
func clocked(name string) bool {
	return strings.Contains(" getpeerinfo getnettotals syncstatus getaddednodeinfo uptime ", " "+name+" ")
}

// post returns the reply of a server without its id.
func post(t *testing.T, address, name, params string) string {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, name, params)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result json.RawMessage
		Error  *api.Error
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != nil {
		return reply(nil, answer.Error)
	}
	return reply(answer.Result, nil)
}

// reply returns an answer as a text to compare.
func reply(result json.RawMessage, err error) string {
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(result))
}

// TestBadParametersAreRefused: whatever the caller passes as parameters is answered with a code.
func TestBadParametersAreRefused(t *testing.T) {
	c := newClient(t, rpctest.NewOffline(t).Registry)
	for params, want := range map[string]api.Code{
		`[`: api.CodeParse, `"a"`: api.CodeInvalidRequest, `7`: api.CodeInvalidRequest, "\x00": api.CodeParse, "\xff": api.CodeParse,
		`[1]`: api.CodeParams, ` null `: 0, ``: 0, ` [ ] `: 0, `{}`: 0,
	} {
		_, err := c.Call(t.Context(), "", "getblockcount", json.RawMessage(params))
		if code := codeOf(err); code != want {
			t.Errorf("parameters %q: code %d, want %d (%v)", params, code, want, err)
		}
	}
	if _, err := c.Call(t.Context(), "", "nonsense", nil); codeOf(err) != api.CodeNoMethod {
		t.Errorf("unknown method: %v", err)
	}
	if _, err := c.Call(t.Context(), "no such", "getbalance", nil); codeOf(err) != api.CodeNoWallet {
		t.Errorf("unknown wallet: %v", err)
	}
}

func codeOf(err error) api.Code {
	var fault *api.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return 0
}

// TestEventsNameTheirWallet: subscriptions of two wallets come in one stream, and a reader that
// is away delays nothing.
func TestEventsNameTheirWallet(t *testing.T) {
	d, owner := paidDaemon(t)
	runHub(t, d)
	c := newClient(t, d.Registry)
	other := rpctest.NewOwner(t, 2)
	mustCall(t, c, "", "createwallet", `["savings"]`)
	mustCall(t, c, "savings", "importxpub", `["default", "`+other.Xpub()+`"]`)
	d.Sync(t)
	mustCall(t, c, "", "subscribe", `["transactions"]`)
	mustCall(t, c, "savings", "subscribe", `["transactions"]`)
	plan := testnet.Plan{}
	want := map[string]string{
		plan.Pay(41, owner.Script(0, 1), 3e8).Hash.String(): wallet.DefaultName,
		plan.Pay(41, other.Script(0, 0), 2e8).Hash.String(): "savings",
	}
	d.Grow(t, 0, 1, plan) // while no event is read
	for len(want) > 0 {
		var event struct {
			Method, Wallet string
			Params         []api.WalletEvent
		}
		next(t, c, &event)
		if event.Method != api.TopicTransactions || len(event.Params) != 1 {
			t.Fatalf("event %+v", event)
		}
		for _, tx := range event.Params[0].Transactions {
			if event.Wallet != want[tx.TxID] {
				t.Errorf("wallet %q has transaction %s", event.Wallet, tx.TxID)
			}
			delete(want, tx.TxID)
		}
	}
}

// runHub runs the hub of a daemon until the test ends.
func runHub(t *testing.T, d *rpctest.Daemon) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { d.Core.Hub.Run(ctx) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
	})
}

func mustCall(t *testing.T, c *local.Client, walletName, name, params string) {
	t.Helper()
	if _, err := c.Call(t.Context(), walletName, name, json.RawMessage(params)); err != nil {
		t.Fatalf("%s %s: %v", name, params, err)
	}
}

// next decodes the next event.
func next(t *testing.T, c *local.Client, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	raw, err := c.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("event %s: %v", raw, err)
	}
}

// TestCloseEndsCallsAndEvents: whatever waits returns, and what comes later is refused.
func TestCloseEndsCallsAndEvents(t *testing.T) {
	o := rpctest.NewOffline(t)
	release := o.Stall()
	defer release()
	c := newClient(t, o.Registry)
	var waiting sync.WaitGroup
	var called, read error
	waiting.Go(func() {
		_, called = c.Call(t.Context(), "", "getblock", json.RawMessage(`["`+strings.Repeat("0", 64)+`"]`))
	})
	waiting.Go(func() { _, read = c.Next(t.Context()) })
	mustCall(t, c, "", "subscribe", `["syncstatus"]`) // its event is taken or waits
	o.Await(t, 1)
	c.Close()
	waiting.Wait()
	if codeOf(called) != api.CodeMisc {
		t.Errorf("the call returned %v", called)
	}
	if read != nil && !errors.Is(read, local.ErrClosed) {
		t.Errorf("Next returned %v", read)
	}
	if _, err := c.Next(t.Context()); !errors.Is(err, local.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := c.Call(t.Context(), "", "getblockcount", nil); codeOf(err) != api.CodeMisc {
		t.Errorf("Call after Close: %v", err)
	}
	c.Close()
}
