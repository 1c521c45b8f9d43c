package page_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// The users of the wallet shop, and what they may not learn of.
const (
	shopUser, shopPassword   = "shopkeeper", "open sesame"
	clerkUser, clerkPassword = "clerk", "correct horse"
	clerkHash                = "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$MGoh2Ym969nMJuWoRTjFXPmoi5ptqegZ9PzZ3FTIVOM"
	hidden                   = "topsecret" // in names of a wallet, of its account and of a label
)

// house is a real daemon with the wallets shop and topsecretwallet, its RPC server and its page.
type house struct {
	*rpctest.Daemon
	url, rpc, cookie string
}

// openHouse runs a daemon until the test ends. A TLS configuration may be given for the page.
func openHouse(t *testing.T, adapt func(*page.Config)) *house {
	t.Helper()
	plan := testnet.Plan{}
	plan.Pay(10, rpctest.NewOwner(t, 1).Script(0, 0), 123456e3)
	plan.Pay(20, rpctest.NewOwner(t, 3).Script(0, 0), 77777e4)
	h := &house{Daemon: rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 40, Plan: plan}), cookie: filepath.Join(t.TempDir(), "cookie")}
	h.open(t, "shop", "till", 1)
	w := h.open(t, hidden+"wallet", hidden+"account", 3)
	address, _ := rpctest.NewOwner(t, 3).Address(0, 0)
	if err := w.SetLabel(t.Context(), address, hidden+"label"); err != nil {
		t.Fatal(err)
	}
	for !h.scanned() {
		h.Grow(t, 0, 1, nil)
	}
	h.Core.Syncer.Notify("test", spv.Warning{Code: "wallet", Text: "Wallet " + hidden + "wallet may answer wrongly."})
	warned := func(st spv.Status) bool {
		return st.Synced && slices.ContainsFunc(st.Warnings, func(w spv.Warning) bool { return w.Code == "wallet" })
	}
	if err := h.Core.Syncer.Wait(t.Context(), warned); err != nil {
		t.Fatal(err)
	}

	rpcListener, pageListener := listen(t), listen(t)
	cfg := rpctest.Config(h.Registry)
	cfg.Listeners, cfg.CookiePath = []net.Listener{rpcListener}, h.cookie
	cfg.WalletUsers = []rpc.WalletUser{
		{Name: shopUser, Password: shopPassword, Wallets: []string{"shop"}},
		{Name: clerkUser, Password: clerkHash, Wallets: []string{"shop"}, ReadOnly: true},
	}
	server, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	shown := page.Config{
		Core: page.Core{
			Syncer: h.Core.Syncer, Pool: h.Core.Pool, Wallets: h.Core.Wallets, Calls: server.Calls, Alive: func() bool { return true },
			Login: func(ctx context.Context, address, name, password string) (page.User, error) {
				visitor, err := server.Login(ctx, address, name, password)
				if err != nil {
					return nil, err
				}
				return visitor, nil
			},
		},
		Log: slog.New(slog.DiscardHandler), Network: "simnet", Version: "1.2.3", Started: time.Now(), Interval: time.Minute,
		Listeners: []net.Listener{pageListener},
	}
	if adapt != nil {
		adapt(&shown)
	}
	s, err := page.New(shown)
	if err != nil {
		t.Fatal(err)
	}
	run(t, server.Run)
	run(t, s.Run)
	h.url, h.rpc = "http://"+pageListener.Addr().String(), rpcListener.Addr().String()
	return h
}

// open makes a wallet with the account of an owner.
func (h *house) open(t *testing.T, name, account string, owner byte) *wallet.Wallet {
	t.Helper()
	w, err := h.Core.Wallets.Make(name)
	if err == nil {
		_, err = w.ImportXpub(t.Context(), account, rpctest.NewOwner(t, owner).Xpub(), wallet.AccountOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// scanned reports whether all wallets have been searched for.
func (h *house) scanned() bool {
	for _, name := range []string{"shop", hidden + "wallet"} {
		w, err := h.Core.Wallets.Wallet(name)
		if err != nil {
			return false
		}
		jobs := w.Jobs(consensus.Height(1e6), true)
		for _, j := range jobs {
			if !j.Over() {
				return false
			}
		}
		if len(jobs) == 0 {
			return false
		}
	}
	return true
}

// listen returns a listener on a free loopback port.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run runs a server until the test ends.
func run(t *testing.T, serve func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := serve(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// visit sends a request with a cookie, follows no redirection, and returns the answer.
func visit(t *testing.T, method, address string, form url.Values, cookie *http.Cookie, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body)}
}

// cookieOf returns the cookie that an answer sets, nil if it sets none.
func cookieOf(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	list := (&http.Response{Header: a.header}).Cookies()
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// pair is the form with a name and password.
func pair(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}

// login logs a user in and returns the cookie of the session.
func (h *house) login(t *testing.T, name, password string) *http.Cookie {
	t.Helper()
	got := visit(t, http.MethodPost, h.url+"/login", pair(name, password), nil)
	cookie := cookieOf(t, got)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" || cookie == nil {
		t.Fatalf("the login of %s gives %d %v", name, got.status, got.header)
	}
	return cookie
}

// TestUsersSeeTheirWallets: every user sees the wallets that JSON-RPC has for the same name and
// password, and of others nothing.
func TestUsersSeeTheirWallets(t *testing.T) {
	h := openHouse(t, nil)
	for _, user := range []struct {
		name, password string
		all            bool
	}{{rpctest.User, rpctest.Password, true}, {shopUser, shopPassword, false}, {clerkUser, clerkPassword, false}} {
		got := visit(t, http.MethodGet, h.url, nil, h.login(t, user.name, user.password))
		for _, want := range []string{"Wallet shop", "1.23456 DCR", "till", "Import 1", "Log out", ">" + user.name + "<", "Synced"} {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s does not see %q:\n%s", user.name, want, got.body)
			}
		}
		for _, secret := range []string{"Wallet " + hidden + "wallet<", hidden + "account", hidden + "label", "7.7777 DCR", "may answer wrongly"} {
			if strings.Contains(got.body, secret) != user.all {
				t.Errorf("%s sees %q: %v", user.name, secret, !user.all)
			}
		}
	}
}

// TestStrangersSeeNoWallet: neither the page nor its events nor anything else says more without a
// session than that there are warnings, whatever cookie is sent.
func TestStrangersSeeNoWallet(t *testing.T) {
	h := openHouse(t, nil)
	cookie := h.login(t, rpctest.User, rpctest.Password)
	out := visit(t, http.MethodPost, h.url+"/logout", url.Values{}, cookie)
	if gone := cookieOf(t, out); out.status != http.StatusSeeOther || gone == nil || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("logging out gives %d %v", out.status, gone)
	}
	forged := *cookie
	forged.Value = strings.Repeat("0", len(cookie.Value))
	empty := *cookie
	empty.Value = ""
	for name, c := range map[string]*http.Cookie{"no": nil, "an old": cookie, "a forged": &forged, "an empty": &empty} {
		for _, path := range []string{"/", "/?wallets=2", "/login", "/metrics", "/livez", "/readyz"} {
			got := visit(t, http.MethodGet, h.url+path, nil, c)
			if got.status != http.StatusOK || strings.Contains(got.body, hidden) || strings.Contains(got.body, "Wallet shop") || strings.Contains(got.body, "till") {
				t.Errorf("with %s cookie %s gives %d:\n%s", name, path, got.status, got.body)
			}
		}
		if body := visit(t, http.MethodGet, h.url, nil, c).body; !strings.Contains(body, "One more warning is shown to users who have logged in.") || !strings.Contains(body, `href="login"`) {
			t.Errorf("with %s cookie the page is\n%s", name, body)
		}
		if text := h.event(t, c); strings.Contains(text, hidden) || strings.Contains(text, "Wallet shop") || !strings.Contains(text, "Synced") {
			t.Errorf("with %s cookie the event is\n%s", name, text)
		}
	}
	if text := h.event(t, h.login(t, shopUser, shopPassword)); !strings.Contains(text, "Wallet shop") || strings.Contains(text, hidden) {
		t.Errorf("the user of the shop gets the event\n%s", text)
	}
}

// event returns the first event of the page with a cookie.
func (h *house) event(t *testing.T, cookie *http.Cookie) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return <-h.events(t, ctx, cookie)
}

// events returns the events of the page with a cookie, until ctx ends.
func (h *house) events(t *testing.T, ctx context.Context, cookie *http.Cookie) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan string)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer got.Body.Close()
		defer close(events)
		text := ""
		for lines := bufio.NewScanner(got.Body); lines.Scan(); {
			if text += lines.Text() + "\n"; lines.Text() == "" {
				select {
				case events <- text:
				case <-ctx.Done():
					return
				}
				text = ""
			}
		}
	})
	t.Cleanup(reading.Wait)
	return events
}

// TestEventsEndWithTheSession: a window whose session ended in another one gets no more events.
func TestEventsEndWithTheSession(t *testing.T) {
	h := openHouse(t, nil)
	cookie := h.login(t, shopUser, shopPassword)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := h.events(t, ctx, cookie)
	if text := <-events; !strings.Contains(text, "Wallet shop") {
		t.Fatalf("the first event is %s", text)
	}
	visit(t, http.MethodPost, h.url+"/logout", url.Values{}, cookie)
	last := ""
	for text := range events {
		last = text
	}
	if last != "event: ended\ndata: the session is over\n\n" {
		t.Errorf("the last event is %q", last)
	}
}

// TestCookie: the cookie of a session is one that scripts and other sites cannot use.
func TestCookie(t *testing.T) {
	h := openHouse(t, nil)
	a, b := h.login(t, shopUser, shopPassword), h.login(t, shopUser, shopPassword)
	if !a.HttpOnly || a.SameSite != http.SameSiteStrictMode || a.Path != "/" || a.Domain != "" || a.MaxAge != 12*3600 || len(a.Value) != 64 || a.Secure {
		t.Errorf("the cookie is %v", a)
	}
	if _, port, _ := net.SplitHostPort(strings.TrimPrefix(h.url, "http://")); a.Name != "spvd-"+port {
		t.Errorf("at port %s the cookie is named %s", port, a.Name)
	}
	if a.Value == b.Value {
		t.Error("two sessions have one secret")
	}
}

// TestOtherPagesCannotAct: what a page of another site, or of another port of this machine, makes a
// browser send does not log in or out, and is answered without the wallets.
func TestOtherPagesCannotAct(t *testing.T) {
	h := openHouse(t, nil)
	cookie := h.login(t, shopUser, shopPassword)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"},
		{"Origin", "http://127.0.0.1:1"}, {"Origin", "null"},
	} {
		for path, form := range map[string]url.Values{"/login": pair(rpctest.User, rpctest.Password), "/logout": {}} {
			if got := visit(t, http.MethodPost, h.url+path, form, cookie, headers...); got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s of %q gives %d %v", path, headers, got.status, got.header)
			}
		}
		if headers[0] == "Origin" {
			continue
		}
		for _, path := range []string{"/", "/events"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(cookie)
			r.Header.Set(headers[0], headers[1])
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder // the page, or the first event, which an empty line ends
			for lines := bufio.NewReader(got.Body); path == "/" || !strings.HasSuffix(text.String(), "\n\n"); {
				line, err := lines.ReadString('\n')
				if text.WriteString(line); err != nil {
					break
				}
			}
			got.Body.Close()
			cancel()
			if text.Len() == 0 || strings.Contains(text.String(), "Wallet shop") {
				t.Errorf("%s of %q has the wallets", path, headers)
			}
		}
	}
	if body := visit(t, http.MethodGet, h.url, nil, cookie).body; !strings.Contains(body, "Wallet shop") {
		t.Error("the session is over")
	}
	if got := visit(t, http.MethodGet, h.url+"/logout", nil, cookie); got.status != http.StatusMethodNotAllowed {
		t.Errorf("a link that logs out gives %d", got.status)
	}
	if got := visit(t, http.MethodGet, h.url+"/login?name="+shopUser+"&password="+url.QueryEscape(shopPassword), nil, nil); got.header.Get("Set-Cookie") != "" {
		t.Error("a link logs in")
	}
	if got := visit(t, http.MethodPost, h.url+"/login?name="+shopUser+"&password="+url.QueryEscape(shopPassword), url.Values{}, nil); got.header.Get("Set-Cookie") != "" {
		t.Error("an address with a password logs in")
	}
}

// TestGuessesAreThrottled: wrong passwords on the page and over JSON-RPC are counted together, each
// is answered with a sentence, and the eleventh is not judged.
func TestGuessesAreThrottled(t *testing.T) {
	h := openHouse(t, nil)
	for n := range 5 {
		got := visit(t, http.MethodPost, h.url+"/login", pair([]string{shopUser, clerkUser, `"><b>`, "", rpctest.User}[n], "guess"), nil)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "Wrong user name or password.") || got.header.Get("Set-Cookie") != "" || strings.Contains(got.body, "<b>") {
			t.Fatalf("a guess gives %d %s", got.status, got.body)
		}
		if status := h.call(t, shopUser, "guess"); status != http.StatusUnauthorized {
			t.Fatalf("over JSON-RPC a guess gives %d", status)
		}
	}
	for _, password := range []string{"guess", shopPassword} {
		got := visit(t, http.MethodPost, h.url+"/login", pair(shopUser, password), nil)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "5" || !strings.Contains(got.body, "Too many wrong passwords from this address: wait some seconds.") {
			t.Errorf("after ten guesses %q gives %d %v", password, got.status, got.header)
		}
		if status := h.call(t, shopUser, password); status != http.StatusTooManyRequests {
			t.Errorf("over JSON-RPC %q gives %d", password, status)
		}
	}
}

// call makes a call over JSON-RPC and returns the HTTP status.
func (h *house) call(t *testing.T, user, password string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+h.rpc, strings.NewReader(`{"method":"getblockcount"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	return got.StatusCode
}

// TestBadFormsAreRefused sends what is no form, and one without an end.
func TestBadFormsAreRefused(t *testing.T) {
	h := openHouse(t, nil)
	long := pair(shopUser, strings.Repeat("x", 1<<20))
	if got := visit(t, http.MethodPost, h.url+"/login", long, nil); got.status != http.StatusBadRequest || !strings.Contains(got.body, "The form could not be read") {
		t.Errorf("a long form gives %d %s", got.status, got.body)
	}
	if got := visit(t, http.MethodPost, h.url+"/login", url.Values{}, nil, "Content-Type", "text/plain"); got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
		t.Errorf("no form gives %d", got.status)
	}
}

// TestFormIsForScriptlessBrowsers: the form works without scripts, reloads nothing while a user types,
// and may be sent here only.
func TestFormIsForScriptlessBrowsers(t *testing.T) {
	h := openHouse(t, nil)
	got := visit(t, http.MethodGet, h.url+"/login", nil, nil)
	for _, want := range []string{`<form method="post" action="login">`, `autocomplete="current-password"`, `<label for="password">`, "rpc.cookie"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	if strings.Contains(got.body, "<script") || strings.Contains(got.body, "http-equiv") {
		t.Error("the form has a script, or is loaded again")
	}
	if p := got.header.Get("Content-Security-Policy"); !strings.Contains(p, "form-action 'self'") || !strings.Contains(p, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", p)
	}
	cookie := h.login(t, shopUser, shopPassword)
	if got := visit(t, http.MethodGet, h.url+"/login", nil, cookie); got.status != http.StatusSeeOther {
		t.Errorf("the form gives %d to a user who has logged in", got.status)
	}
}
