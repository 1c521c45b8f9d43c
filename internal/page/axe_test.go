//go:build browser

package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

// rendering is a way in which the page is shown.
type rendering struct {
	name, scheme string
	width        int
}

// renderings are both themes, on desktops and telephones.
func renderings() []rendering {
	return []rendering{
		{"desktop", "light", 1000}, {"phone", "light", 390}, {"desktop-dark", "dark", 1000}, {"phone-dark", "dark", 390},
	}
}

// TestBrowserAxe: axe-core finds nothing wrong in any rendering of the page, synced and in
// trouble. SPVD_AXE is the file axe.min.js.
func TestBrowserAxe(t *testing.T) {
	b := openTab(t)
	for state, st := range map[string]spv.Status{"synced": synced(), "troubled": troubled()} {
		d := newDaemon()
		d.show(st)
		d.peers = crowd(d.peers)
		url := start(t, d, false)
		for _, r := range renderings() {
			t.Run(state+"-"+r.name, func(t *testing.T) { b.in(t, r).load(url).audit() })
		}
	}
}

// TestBrowserAxeLoggedIn logs in with the form, in every rendering: axe-core finds nothing wrong in
// the form, in its answer to a wrong password, and in the page with wallets, which is kept up to
// date. Then it logs out.
func TestBrowserAxeLoggedIn(t *testing.T) {
	b := openTab(t)
	d := newDaemon()
	d.show(troubled())
	d.peers = crowd(d.peers)
	url := start(t, d, false)
	for _, r := range renderings() {
		t.Run(r.name, func(t *testing.T) {
			b.in(t, r).load(url + "/login").audit()
			b.submit(`name.value = "an operator"; password.value = "`+wrong+`"`, "Wrong user name or password.").audit()
			b.submit(`password.value = "right"`, "Wallet wallet-0")
			b.await(`document.getElementById("live").textContent === "live"`)
			b.await(`document.getElementById("wallet-wallet-9") !== null`)
			b.audit()
			b.submit("", "One more warning")
			if cookies := b.eval(`document.cookie`); cookies != "" {
				t.Errorf("scripts read the cookies %s", cookies)
			}
		})
	}
}

// TestBrowserLogsInWithoutScripts uses the form in a browser that runs none.
func TestBrowserLogsInWithoutScripts(t *testing.T) {
	b := openTab(t)
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.load(start(t, newDaemon(), false) + "/login")
	b.submit(`document.forms[0].name.value = "an operator"; document.forms[0].password.value = "right"`, "Wallet wallet-0")
	if live := b.eval(`document.getElementById("live").textContent`); !strings.HasPrefix(live, "as loaded at ") {
		t.Errorf("a script runs: %q", live)
	}
	b.submit("", "Log in")
}

// submit fills in the form of the page by statements, presses its button, and waits until the page
// that comes of it has a text.
func (b *tab) submit(fill, text string) *tab {
	b.Helper()
	b.eval(`{ const {name, password} = document.forms[0].elements; ` + fill + `; document.body.id = "before"; } ""`)
	b.eval(`document.forms[0].querySelector("button").click(); ""`)
	return b.await(`document.readyState === "complete" && document.body.id !== "before" && document.body.innerText.includes(` + quoted(b.T, text) + `)`)
}

// quoted returns a text as an expression of scripts.
func quoted(t *testing.T, text string) string {
	t.Helper()
	literal, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(literal)
}

// await waits until an expression is true in the page, or in one that takes its place.
func (b *tab) await(expression string) *tab {
	b.Helper()
	for range 300 {
		var r struct{ Result struct{ Value bool } }
		err := b.attempt("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
		if err == nil && r.Result.Value {
			return b
		}
		if err := wait.For(b.Context(), 100*time.Millisecond); err != nil {
			b.Fatal(err)
		}
	}
	b.Fatalf("never true: %s; the page says %s", expression, b.eval("document.body.innerText"))
	return nil
}

// tab is a page in a browser, driven by its debugging protocol.
type tab struct {
	*testing.T
	conn    *websocket.Conn
	session string
	id      int
}

// openTab runs a browser with one page.
func openTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, lines := "", bufio.NewReader(stderr)
	for address == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		_, address, _ = strings.Cut(strings.TrimSpace(line), "DevTools listening on ")
	}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // until it ends
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(64 << 20)
	b := &tab{T: t, conn: conn}
	t.Cleanup(func() {
		_ = wsjson.Write(ctx, conn, map[string]any{"id": 0, "method": "Browser.close"})
		reading.Wait()
		_ = cmd.Wait() // it has done its work
	})
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	return b
}

// in returns the tab for a test that looks at it in a way.
func (b *tab) in(t *testing.T, r rendering) *tab {
	t.Helper()
	b.T = t
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": r.width, "height": 1000, "deviceScaleFactor": 1, "mobile": r.width < 500}, nil)
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": r.scheme}}}, nil)
	return b
}

// do has the browser do something and returns what comes of it in result, unless that is nil.
func (b *tab) do(method string, params, result any) {
	b.Helper()
	if err := b.attempt(method, params, result); err != nil {
		b.Fatal(err)
	}
}

// attempt is do with the error that the browser answers.
func (b *tab) attempt(method string, params, result any) error {
	b.Helper()
	b.id++
	request := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	if err := wsjson.Write(b.Context(), b.conn, request); err != nil {
		b.Fatal(err)
	}
	for {
		var reply struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		switch err := wsjson.Read(b.Context(), b.conn, &reply); {
		case err != nil:
			b.Fatal(err)
		case reply.ID != b.id: // an event
			continue
		case reply.Error != nil:
			return fmt.Errorf("%s: %s", method, reply.Error.Message)
		case result != nil:
			if err := json.Unmarshal(reply.Result, result); err != nil {
				b.Fatal(err)
			}
		}
		return nil
	}
}

// eval returns the value of an expression in the page, of a promise what it becomes, as text.
func (b *tab) eval(expression string) string {
	b.Helper()
	var r struct {
		Result           struct{ Value string }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if e := r.ExceptionDetails; e != nil {
		b.Fatalf("%.80s: %s %s", expression, e.Text, e.Exception.Description)
	}
	return r.Result.Value
}

// load shows a page.
func (b *tab) load(url string) *tab {
	b.Helper()
	b.do("Page.navigate", map[string]any{"url": url}, nil)
	return b.await(`document.readyState === "complete"`)
}

// audit wants axe-core to find nothing in the status page, and to have looked at much of it.
func (b *tab) audit() {
	b.Helper()
	if passes := b.violations(); passes < 15 {
		b.Errorf("only %d rules of axe-core have anything to say", passes)
	}
}

// violations wants axe-core to find nothing, and the page to be no wider than the window. It returns
// how many rules have found everything right.
func (b *tab) violations() (passes int) {
	b.Helper()
	path := os.Getenv("SPVD_AXE")
	if path == "" {
		b.Fatal("SPVD_AXE is not set: run make page")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.eval(string(axe) + `;""`)
	var found struct {
		Passes     int
		Violations []struct {
			ID, Help string
			Nodes    []struct{ HTML, FailureSummary string }
		}
	}
	text := b.eval(`axe.run().then(r => JSON.stringify({passes: r.passes.length, violations: r.violations}))`)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.Fatal(err)
	}
	for _, v := range found.Violations {
		for _, n := range v.Nodes {
			b.Errorf("%s: %s\n%s\n%s", v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
	if wide := b.eval(`String(document.documentElement.scrollWidth - innerWidth)`); wide != "0" {
		b.Errorf("the page is wider than the window by %s", wide)
	}
	return found.Passes
}
