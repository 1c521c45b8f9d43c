package rpc_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// The users of the wallet shop. The password of the second one is configured as a hash.
const (
	shopUser, shopPassword     = "shopkeeper", "open sesame"
	clerkUser, clerkPassword   = "clerk", "correct horse"
	clerkHash                  = "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$MGoh2Ym969nMJuWoRTjFXPmoi5ptqegZ9PzZ3FTIVOM"
	hiddenWallet, hiddenWord   = "topsecretwallet", "topsecret"
	hiddenAccount, hiddenLabel = "topsecretaccount", "topsecretlabel"
)

// shopkeeping is a daemon with the wallet shop, and with others or without.
type shopkeeping struct {
	*rpctest.Daemon
	address string
}

// startShop runs a daemon on a chain that pays to all wallets.
func startShop(t *testing.T, chain *testnet.Chain, hidden bool) *shopkeeping {
	t.Helper()
	s := &shopkeeping{Daemon: rpctest.NewDaemon(t, rpctest.DaemonConfig{Chain: chain, Relay: true})}
	add := func(name, account string, owner byte) *wallet.Wallet {
		w, err := s.Core.Wallets.Make(name)
		if err == nil {
			_, err = w.ImportXpub(t.Context(), account, rpctest.NewOwner(t, owner).Xpub(), wallet.AccountOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	add("shop", "till", 1)
	if hidden {
		add(wallet.DefaultName, "default", 2)
		w := add(hiddenWallet, hiddenAccount, 3)
		address, _ := rpctest.NewOwner(t, 3).Address(0, 0)
		if err := w.SetLabel(t.Context(), address, hiddenLabel); err != nil {
			t.Fatal(err)
		}
	}
	cfg := rpctest.Config(s.Registry)
	cfg.WalletUsers = []rpc.WalletUser{
		{Name: shopUser, Password: shopPassword, Wallets: []string{"shop"}},
		{Name: clerkUser, Password: clerkHash, Wallets: []string{"shop"}, ReadOnly: true},
	}
	s.address, _ = rpctest.Start(t, cfg)
	s.idle(t)
	if hidden { // as when a file is damaged
		s.Core.Syncer.Notify("test", spv.Warning{Code: "wallet", Text: "Wallet " + hiddenWallet + " may answer wrongly."})
		shown := func(st spv.Status) bool {
			return slices.ContainsFunc(st.Warnings, func(w spv.Warning) bool { return w.Code == "wallet" })
		}
		if err := s.Core.Syncer.Wait(t.Context(), shown); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// idle waits until the daemon is synced and all jobs are over.
func (s *shopkeeping) idle(t *testing.T) { (&stage{T: t, Daemon: s.Daemon}).idle() }

// ask sends a message as a user to a path.
func (s *shopkeeping) ask(t *testing.T, user, password, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	return do(t, r)
}

// hostile are values for parameters that name what belongs to the hidden wallet, by type.
func hostile(t *testing.T, chain *testnet.Chain) map[string][]string {
	t.Helper()
	owner := rpctest.NewOwner(t, 3)
	address, script := owner.Address(0, 0)
	change, _ := owner.Address(1, 0)
	paid := chain.Block(20).Transactions
	tx := paid[len(paid)-1]
	txid := tx.TxHash().String()
	steal := wire.NewMsgTx()
	steal.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: tx.TxHash()}, 5e7, []byte{0}))
	steal.AddTxOut(wire.NewTxOut(4999e4, rpctest.NewOwner(t, 1).Script(0, 3)))
	raw, err := steal.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(list ...string) (out []string) {
		for _, text := range list {
			b, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(b))
		}
		return out
	}
	return map[string][]string{
		api.TypeString: quoted(hiddenWallet, hiddenAccount, address, change, txid, hex.EncodeToString(raw), hex.EncodeToString(script),
			"*", "", "default", "till", api.TopicTransactions, api.TopicConfirmations, api.TopicSyncStatus, api.TopicJobs),
		api.TypeInteger:   {"0", "1", "2", "20", "1000000001", "9999999", "-1"},
		api.TypeBoolean:   {"true", "false"},
		api.TypeHash:      quoted(txid, chain.ID(20).Hash.String(), chain.Tip().Hash.String()),
		api.TypeStrings:   {fmt.Sprintf("[%q,%q]", address, change), fmt.Sprintf("[%q]", hex.EncodeToString(script)), "[]"},
		api.TypeOutPoints: {fmt.Sprintf(`[{"txid":%q,"vout":0,"tree":0}]`, txid)},
		api.TypeBirthday:  {`"new"`, "0", "20"},
		api.TypePayments:  {fmt.Sprintf("{%q:0.1}", address)},
		api.TypeInputs:    {fmt.Sprintf(`[{"txid":%q,"vout":0,"tree":0,"amount":0.5}]`, txid)},
		api.TypeObject: {
			fmt.Sprintf(`{"account":%q}`, hiddenAccount), fmt.Sprintf(`{"coins":[{"txid":%q,"vout":0,"tree":0}],"sweep":%q}`, txid, address),
			`{"account":"*","reserve":0}`, `{}`,
		},
	}
}

// passing are numbers that differ from run to run: moments of now, and how often the status has
// changed.
var passing = regexp.MustCompile(`\b1[789]\d{8}\b|"seq":\d+|"age":\d+`)

// varies reports whether the replies of a method differ between daemons that know the same: the
// place of the change is drawn.
func varies(name string) bool { return name == "buildtransaction" || name == "fundrawtransaction" }

// TestUsersOfAWalletLearnNothingOfOthers has a hostile client call every method, on every path, with
// what it may know of a wallet that is not its own. What it is answered is what a daemon answers that
// has no such wallet, and nothing in the other wallets has changed.
func TestUsersOfAWalletLearnNothingOfOthers(t *testing.T) {
	plan := testnet.Plan{}
	for i := range uint32(3) {
		plan.Pay(10, rpctest.NewOwner(t, 1).Script(0, i), 1e8)
		plan.Pay(20, rpctest.NewOwner(t, 3).Script(0, i), 5e7)
		plan.Pay(30, rpctest.NewOwner(t, 2).Script(0, i), 7e7)
	}
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 60, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	with, without := startShop(t, chain, true), startShop(t, chain, false)
	before := with.others(t)
	values := hostile(t, chain)
	random := rand.New(rand.NewPCG(1, 7))
	compared, allowed := 0, 0
	for _, m := range described(t, with.address) {
		if m.Websocket {
			continue
		}
		calls := []string{string(m.Example)}
		for i, p := range m.Params { // each value in each place, with others at random
			for _, v := range values[p.Type] {
				var list []string
				for j, q := range m.Params {
					if j > i && q.Optional && random.IntN(3) == 0 {
						break
					}
					of := values[q.Type]
					if list = append(list, of[random.IntN(len(of))]); j == i {
						list[i] = v
					}
				}
				calls = append(calls, "["+strings.Join(list, ",")+"]")
			}
		}
		for n, params := range calls {
			body := fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, m.Name, params)
			paths := []string{"/wallet/shop", "/", "/wallet/" + hiddenWallet, "/wallet/default", "/wallet/nosuch"}
			for _, path := range paths[:len(paths)-min(n, 4)] {
				_, got := with.ask(t, shopUser, shopPassword, path, body)
				_, want := without.ask(t, shopUser, shopPassword, path, body)
				refused := strings.Contains(got, fmt.Sprint(api.CodeForbidden))
				if !refused && path != "/" && path != "/wallet/shop" {
					t.Errorf("%s on %s is answered: %s", body, path, got)
				}
				if !refused {
					allowed++
				}
				if !m.Reads && !refused {
					with.idle(t)
					without.idle(t)
				}
				if varies(m.Name) {
					continue
				}
				compared++
				if got, want := passing.ReplaceAllString(got, "NOW"), passing.ReplaceAllString(want, "NOW"); got != want {
					t.Errorf("%s on %s: got %.600s\nwithout the other wallets %.600s", body, path, got, want)
				}
			}
		}
	}
	if after := with.others(t); after != before {
		t.Errorf("the other wallets were\n%s\nand are\n%s", before, after)
	}
	t.Logf("%d replies compared, %d calls allowed", compared, allowed)
	if compared < 1000 || allowed < 300 {
		t.Errorf("only %d replies were compared, %d calls allowed", compared, allowed)
	}
}

// others returns what the operator sees of the other wallets.
func (s *shopkeeping) others(t *testing.T) string {
	t.Helper()
	s.idle(t)
	var all strings.Builder
	for _, path := range []string{"/wallet/" + hiddenWallet, "/wallet/default"} {
		for _, call := range []string{
			`"exportwallet","params":[]`, `"listtransactions","params":["*",1000]`, `"listunspent","params":[]`, `"getbalance","params":[]`,
			`"listlabels","params":[]`, `"listlockunspent","params":[]`, `"listjobs","params":[]`, `"walletinfo","params":[]`,
		} {
			_, reply := s.ask(t, rpctest.User, rpctest.Password, path, `{"jsonrpc":"2.0","method":`+call+`,"id":1}`)
			if strings.Contains(reply, `"error":{`) {
				t.Fatal(reply)
			}
			all.WriteString(reply)
		}
	}
	return all.String()
}

// TestUsersOfAWalletOnWebsockets: subscriptions are of the user's wallets, and what the status says
// of others is left out.
func TestUsersOfAWalletOnWebsockets(t *testing.T) {
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 30})
	if err != nil {
		t.Fatal(err)
	}
	s := startShop(t, chain, true)
	dial := func(path string) *websocket.Conn {
		t.Helper()
		conn, _, err := websocket.Dial(t.Context(), "ws://"+s.address+path, &websocket.DialOptions{HTTPHeader: authorization(shopUser, shopPassword)}) //nolint:bodyclose // Dial says not to
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		conn.SetReadLimit(1 << 20)
		return conn
	}
	subscribe := func(conn *websocket.Conn, topic string) string {
		return exchange(t, conn, fmt.Sprintf(`{"jsonrpc":"2.0","method":"subscribe","params":[%q],"id":1}`, topic))
	}
	for _, topic := range []string{"syncstatus", "blocks", "transactions", "confirmations", "spends", "jobs"} {
		if reply := subscribe(dial("/wallet/"+hiddenWallet), topic); !strings.Contains(reply, fmt.Sprint(api.CodeForbidden)) {
			t.Errorf("%s of another wallet: %s", topic, reply)
		}
	}
	conn := dial("/ws")
	if reply := subscribe(conn, "syncstatus"); strings.Contains(reply, "error\":{") {
		t.Fatal(reply)
	}
	if status := receive(t, conn); strings.Contains(status, hiddenWord) || !strings.Contains(status, `"warnings":[]`) {
		t.Errorf("the status is %s", status)
	}
	owner := dial("/ws") // of the operator, who sees all
	owner.CloseNow()
	mine := dial("/ws")
	if reply := subscribe(mine, "transactions"); strings.Contains(reply, "error\":{") {
		t.Fatal(reply)
	}
	plan := testnet.Plan{}
	plan.Pay(31, rpctest.NewOwner(t, 3).Script(0, 0), 5e7)
	op := plan.Pay(31, rpctest.NewOwner(t, 1).Script(0, 0), 6e7)
	s.Grow(t, 0, 1, plan)
	if event := receive(t, mine); !strings.Contains(event, op.Hash.String()) || strings.Count(event, `"txid"`) != 1 {
		t.Errorf("the event is %s", event)
	}
	clerk := mustDial(t, s.address, nil)
	if reply := exchange(t, clerk, fmt.Sprintf(`{"jsonrpc":"2.0","method":"authenticate","params":[%q,%q],"id":1}`, clerkUser, clerkPassword)); !strings.Contains(reply, `"error":null`) && strings.Contains(reply, `"error"`) {
		t.Fatal(reply)
	}
	for call, want := range map[string]string{
		`"getbalance","params":[]`:     `"till"`,
		`"getnewaddress","params":[]`:  fmt.Sprint(api.CodeForbidden),
		`"listwallets","params":[]`:    `["shop"]`,
		`"listwalletdir","params":[]`:  fmt.Sprint(api.CodeForbidden),
		`"stop","params":[]`:           fmt.Sprint(api.CodeForbidden),
		`"getwebhookinfo","params":[]`: fmt.Sprint(api.CodeForbidden),
	} {
		if reply := exchange(t, clerk, `{"jsonrpc":"2.0","method":`+call+`,"id":1}`); !strings.Contains(reply, want) {
			t.Errorf("%s: %s", call, reply)
		}
	}
}

// TestHashedPasswords are compared with what the client sends, are no passwords themselves, and
// guesses at them are limited like others.
func TestHashedPasswords(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Password = clerkHash
	address, _ := rpctest.Start(t, cfg)
	ask := func(password string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(`{"method":"getblockcount","params":[],"id":1}`))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(rpctest.User, password)
		status, _ := do(t, r)
		return status
	}
	for range 3 {
		if status := ask(clerkPassword); status != http.StatusOK {
			t.Errorf("the right password: %d", status)
		}
	}
	if status := ask(clerkHash); status != http.StatusUnauthorized {
		t.Errorf("the hash as the password: %d", status)
	}
	wrong := 0
	for ask("wrong") == http.StatusUnauthorized {
		if wrong++; wrong > 20 {
			t.Fatal("guesses are not limited")
		}
	}
	if status := ask(clerkPassword); status != http.StatusTooManyRequests {
		t.Errorf("the right password while guesses are refused: %d", status)
	}
}

// TestWrongWalletUsersAreRefused by the server.
func TestWrongWalletUsersAreRefused(t *testing.T) {
	for want, users := range map[string][]rpc.WalletUser{
		"no wallet":           {{Name: "a", Password: "b"}},
		"no password":         {{Name: "a", Wallets: []string{"w"}}},
		"two users are named": {{Name: "a", Password: "b", Wallets: []string{"w"}}, {Name: "a", Password: "c", Wallets: []string{"v"}}},
		`named "user"`:        {{Name: rpctest.User, Password: "b", Wallets: []string{"w"}}},
		"is reserved":         {{Name: api.CookieUser, Password: "b", Wallets: []string{"w"}}},
		"holds a colon":       {{Name: "a:b", Password: "b", Wallets: []string{"w"}}},
		"not a whole hash":    {{Name: "a", Password: "$pbkdf2-sha256$i=1", Wallets: []string{"w"}}},
	} {
		cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
		cfg.WalletUsers = users
		cfg.Listeners = append(cfg.Listeners, nil)
		if _, err := rpc.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
