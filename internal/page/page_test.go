package page_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// daemon is a syncer and a pool whose status and peers a test decides.
type daemon struct {
	mu      sync.Mutex
	st      spv.Status
	changed chan struct{}
	peers   []peer.Info
	hung    bool

	slow        atomic.Int64 // nanoseconds that the list of peers takes
	asked, most atomic.Int64 // how many ask for it at once, now and at most
}

// newDaemon returns a synced daemon with one peer.
func newDaemon() *daemon {
	return &daemon{st: synced(), changed: make(chan struct{}), peers: []peer.Info{{ID: 7, Addr: "192.0.2.1:9108", Role: peer.Outbound}}}
}

// show replaces the status.
func (d *daemon) show(st spv.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.st = st
	close(d.changed)
	d.changed = make(chan struct{})
}

// Status implements page.Syncer.
func (d *daemon) Status() spv.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.st
}

// Changes implements page.Syncer.
func (d *daemon) Changes(ctx context.Context, from uint64) iter.Seq[spv.Status] {
	return func(yield func(spv.Status) bool) {
		for {
			d.mu.Lock()
			st, changed := d.st, d.changed
			d.mu.Unlock()
			if st.Seq > from {
				from = st.Seq
				if !yield(st) {
					return
				}
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Infos implements page.Pool.
func (d *daemon) Infos() []peer.Info {
	n := d.asked.Add(1)
	defer d.asked.Add(-1)
	for most := d.most.Load(); n > most && !d.most.CompareAndSwap(most, n); most = d.most.Load() {
	}
	_ = wait.For(context.Background(), time.Duration(d.slow.Load())) // never ends early
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.peers
}

// Bans implements page.Pool.
func (*daemon) Bans() []peer.Ban { return make([]peer.Ban, 3) }

// BytesTotal implements page.Pool.
func (*daemon) BytesTotal() (received, sent uint64) { return 1, 2 }

// start serves the page of a daemon until the test ends and returns its URL.
func start(t *testing.T, d *daemon, profile bool) string {
	t.Helper()
	return startOf(t, d, d, profile)
}

// startOf does so with a syncer of its own.
func startOf(t *testing.T, syncer page.Syncer, d *daemon, profile bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := page.New(page.Config{
		Core: page.Core{
			Syncer: syncer, Pool: d, Wallets: wallet.NewSet(wallet.SetConfig{Dir: t.TempDir()}),
			Alive: func() bool { return !d.hung },
			Calls: func() []api.MethodCalls { return []api.MethodCalls{{Method: "getbalance", Calls: 3}} },
			Login: func(_ context.Context, _, _, password string) (page.User, error) {
				if password == wrong {
					return nil, errors.New("wrong user name or password")
				}
				return rich{}, nil
			},
		},
		Log:     slog.New(slog.DiscardHandler),
		Network: "mainnet", Version: "1.2.3", Started: time.Unix(1, 0), Interval: 5 * time.Minute,
		Listeners: []net.Listener{l}, Profile: profile,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return "http://" + l.Addr().String()
}

// wrong is a wrong password.
const wrong = "guess"

// rich is a user with wallets in every state.
type rich struct{}

// Call implements page.User.
func (rich) Call(_ context.Context, name, method string, result any, _ ...any) error {
	txid := strings.Repeat("5e", 32)
	line := func(category, account, label string, amount api.Amount, confirmations int64) api.ListedTransaction {
		return api.ListedTransaction{
			Detail: api.Detail{Account: account, Amount: amount, Category: category, AddressLabel: label},
			TxID:   txid, Time: 1600000000, Confirmations: confirmations,
		}
	}
	switch to := result.(type) {
	case *api.SyncStatus:
		return errors.New("the status is that of the page")
	case *[]api.WalletFile:
		for i := range 12 {
			*to = append(*to, api.WalletFile{Name: fmt.Sprintf("wallet-%d", i), Loaded: i != 2, State: api.WalletLoaded})
		}
		(*to)[1].State, (*to)[1].Trouble = api.WalletStopped, "block 7 does not fit"
		(*to)[2].State = api.WalletUnloaded
	case *api.Balance:
		*to = api.Balance{TotalSpendable: 1234567_89000000, CumulativeTotal: 1234568e8, TotalUnconfirmed: 5e7, TotalImmatureStake: 1, TotalLockedByTickets: 3e10}
	case *[]api.ListedTransaction:
		if name != "wallet-3" {
			*to = []api.ListedTransaction{line("receive", "default", "an order with a long name <script>", 12e8, 0), line("send", "", "", -1e8, 1234)}
		}
	case *[]api.Job:
		if name != "wallet-3" {
			*to = []api.Job{
				{ID: 1, Wallet: name, Kind: "import", State: api.JobDone, Target: 1000, At: 1000, Progress: 1},
				{ID: 2, Wallet: name, Kind: "rescan", State: api.JobRunning, Target: 1000, At: 400, Progress: .4, ETA: 90},
				{ID: 3, Wallet: name, Kind: "votes", State: api.JobQueued, Waits: "It waits for a block."},
			}
		}
	default:
		return &api.Error{Code: api.CodeNoMethod, Message: "there is no method " + method}
	}
	return nil
}

// TestWalletsArePaged shows ten wallets at once, of whatever page is asked for.
func TestWalletsArePaged(t *testing.T) {
	url := start(t, newDaemon(), false)
	cookie := cookieOf(t, visit(t, http.MethodPost, url+"/login", pair("a", "b"), nil))
	for query, want := range map[string][2]string{
		"": {"wallet-0", "wallet-9"}, "?wallets=1": {"wallet-0", "wallet-9"}, "?wallets=2": {"wallet-10", "wallet-11"},
		"?wallets=99": {"wallet-10", "wallet-11"}, "?wallets=-1": {"wallet-0", "wallet-9"}, "?wallets=x": {"wallet-0", "wallet-9"},
	} {
		body := visit(t, http.MethodGet, url+"/"+query, nil, cookie).body
		shown := regexp.MustCompile(`<h2 id="wallet-[^"]*">Wallet ([^<]*)</h2>`).FindAllStringSubmatch(body, -1)
		if len(shown) == 0 || shown[0][1] != want[0] || shown[len(shown)-1][1] != want[1] {
			t.Errorf("%q shows %v", query, shown)
		}
		if strings.Contains(body, "?wallets=2\"") != (want[0] == "wallet-0") || strings.Contains(body, "?wallets=1\"") != (want[0] != "wallet-0") {
			t.Errorf("%q has the wrong links", query)
		}
	}
	body := visit(t, http.MethodGet, url, nil, cookie).body
	for _, text := range []string{
		"Block 7 does not fit.", "This wallet is not loaded.", "1,234,567.89 DCR", "not mined", "-1 DCR", "&lt;script&gt;", "1,234<", "There are none.",
		"Rescan 2", "at 400, about 1 min 30 s left", "It waits for a block.", "In tickets",
	} {
		if !strings.Contains(body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

// answer is what came back, its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

// get returns the answer to a request.
func get(t *testing.T, url string) answer {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r.StatusCode, r.Header, string(body)}
}

// synced is the status of a daemon that follows a tip at height 1,000.
func synced() spv.Status {
	all := spv.Progress{Current: 1000, Target: 1000}
	return spv.Status{
		Synced: true, Ready: true, FirstSyncDone: true, Seq: 42, Phase: spv.Following, Since: time.Unix(1600000000, 0),
		Reason: "Following the chain.", Initialised: true, Ratio: 1, Headers: all, Filters: all, Rescan: all,
		Tip: consensus.BlockID{Height: 1000, Hash: chainhash.Hash{1}}, TipTime: time.Unix(1600000000, 0),
		Best: 1000, BestPeers: 1, Peers: 1,
	}
}

// troubled is a status with something in every field.
func troubled() spv.Status {
	st := synced()
	st.Synced, st.Ready, st.Ratio, st.Phase = false, false, 0.4567, spv.CatchingUp
	st.Reason = "3 peers connected, none has filters for 1,107,001–1,107,100: asking again."
	st.Hint = "Wait for other peers."
	st.Filters = spv.Progress{Current: 1_107_000, Target: 1_107_100, Rate: 1234, ETA: 90 * time.Second}
	st.ETA = 150 * time.Second
	st.Tip.Height = 1_107_100
	st.LastReorg = &spv.Reorg{Depth: 2, Fork: consensus.BlockID{Height: 999_999}}
	st.Warnings = []spv.Warning{
		{Code: "invalid-block", Text: "A peer said <script>alert(1)</script>.", Hint: "Ignore it."},
		{Code: "wallet", Text: "Wallet savings is damaged."},
	}
	return st
}

func TestPageTellsTheStatus(t *testing.T) {
	d := newDaemon()
	url := start(t, d, false)
	if body := get(t, url).body; !strings.Contains(body, ">Synced</h1>") ||
		!strings.Contains(body, "Waiting for block 1,001: there is one in 5 min on average, and the newest is ") || !strings.Contains(body, "192.0.2.1:9108") {
		t.Errorf("got %s", body)
	}
	d.show(troubled())
	d.peers = nil
	body := get(t, url).body
	for _, want := range []string{
		"Syncing", "3 peers connected, none has filters for 1,107,001–1,107,100: asking again.", "Wait for other peers.",
		"45.6 %", "1,107,000", "1,234 blocks per second", "1 min 30 s left", "About 2 min 30 s left.", "2 blocks above 999,999", "A peer said &lt;script&gt;", "One more warning", "Peers: 0", "spvd 1.2.3, running since 1970-01-01", "mainnet", "No peer is connected.",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "savings") {
		t.Error("the page has a warning about a wallet")
	}
}

// TestPageAllowsItselfOnly demands that the policy names the style and the
// script that are in the page, and that nothing in it comes from elsewhere.
func TestPageAllowsItselfOnly(t *testing.T) {
	got := get(t, start(t, newDaemon(), false))
	body, policy := got.body, got.header.Get("Content-Security-Policy")
	for _, tag := range []string{"style", "script"} {
		m := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(body, -1)
		if len(m) != 1 {
			t.Fatalf("there are %d parts of %s", len(m), tag)
		}
		sum := sha256.Sum256([]byte(m[0][1]))
		want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("the policy is %s", policy)
	}
	if m := regexp.MustCompile(`(src=|href="(https?:)?//|url\(|@import)`).FindString(body); m != "" {
		t.Errorf("the page loads something: %s", m)
	}
}

func TestPageIsKeptUpToDate(t *testing.T) {
	d := newDaemon()
	url := start(t, d, false)
	r, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	events := bufio.NewScanner(r.Body)
	next := func(want string) {
		t.Helper()
		found := false
		for events.Scan() && events.Text() != "" {
			found = found || strings.HasPrefix(events.Text(), "data: ") && strings.Contains(events.Text(), want)
		}
		if !found {
			t.Errorf("an event without %q, %v", want, events.Err())
		}
	}
	next("Synced</h1>")
	st := troubled()
	st.Seq++
	d.show(st)
	next("Syncing</h1>")
}

// TestFollowersAreBounded opens more pages than are followed. The others get what is new
// each time they ask, and no code after which browsers stop asking.
func TestFollowersAreBounded(t *testing.T) {
	d := newDaemon()
	url := start(t, d, false)
	for range 32 {
		r, err := http.Get(url + "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode != 200 {
			t.Fatal(r.Status)
		}
	}
	for _, want := range []string{"Synced</h1>", "Syncing</h1>"} {
		got := get(t, url+"/events")
		for _, text := range []string{want, "\nretry: 10000\nevent: crowded\ndata: 10\n\n"} {
			if got.status != 200 || !strings.Contains(got.body, text) {
				t.Errorf("one page too many gets %d without %q:\n%s", got.status, text, got.body)
			}
		}
		st := troubled()
		st.Seq++
		d.show(st)
	}
	if got := get(t, url); got.status != 200 {
		t.Errorf("then the page gets %d", got.status)
	}
}

// TestAnswersAreMadeInTurns: however many clients ask at once, half of the processors stay free.
func TestAnswersAreMadeInTurns(t *testing.T) {
	d := newDaemon()
	d.slow.Store(int64(2 * time.Millisecond))
	url := start(t, d, false)
	var clients sync.WaitGroup
	for n := range 30 {
		clients.Go(func() {
			for range 3 {
				if got := get(t, url+[]string{"/", "/metrics"}[n%2]); got.status != http.StatusOK {
					t.Errorf("status %d", got.status)
				}
			}
		})
	}
	clients.Wait()
	// The rates of the peers are sampled beside them.
	if most, want := d.most.Load(), int64(max(1, runtime.GOMAXPROCS(0)/2)); most > want+1 {
		t.Errorf("%d answers are made at once, at most %d", most, want)
	}
}

func TestHealth(t *testing.T) {
	failed := troubled()
	failed.Phase, failed.Reason = spv.Failed, "The sync has failed."
	coming := synced()
	coming.Synced, coming.Reason = false, "Fetching filters: 1 of 2."
	for name, test := range map[string]struct {
		status      spv.Status
		live, ready int
	}{
		"a block has come": {coming, 200, 200},
		"synced":           {synced(), 200, 200},
		"syncing":          {troubled(), 200, 503},
		"failed":           {failed, 503, 503},
	} {
		d := newDaemon()
		d.show(test.status)
		url := start(t, d, false)
		for path, want := range map[string]int{"/livez": test.live, "/readyz": test.ready} {
			if got := get(t, url+path); got.status != want || got.body != test.status.Reason+"\n" {
				t.Errorf("%s: %s gives %d %q, want %d", name, path, got.status, got.body, want)
			}
		}
	}
}

// TestHungSyncIsNotLive has a loop that turns no more: its status still looks well.
func TestHungSyncIsNotLive(t *testing.T) {
	d := newDaemon()
	d.hung = true
	if got := get(t, start(t, d, false)+"/livez"); got.status != 503 || got.body != "The sync hangs: restart spvd.\n" {
		t.Errorf("/livez gives %d %q", got.status, got.body)
	}
}

func TestPaths(t *testing.T) {
	plain, profiled := start(t, newDaemon(), false), start(t, newDaemon(), true)
	for url, want := range map[string]int{
		plain + "/metrics":                      200,
		plain + "/debug/pprof/":                 404,
		plain + "/debug/pprof/goroutine":        404,
		plain + "/x":                            404,
		profiled + "/debug/pprof/":              200,
		profiled + "/debug/pprof/goroutine":     200,
		profiled + "/debug/pprof/nothing":       404,
		profiled + "/":                          200,
		profiled + "/status.html":               404,
		profiled + "/debug/pprof/symbol?0x1000": 200,
	} {
		if got := get(t, url); got.status != want || got.body == "" {
			t.Errorf("%s gives %d", url, got.status)
		}
	}
	body := get(t, plain+"/metrics").body
	if !strings.Contains(body, "\nspvd_rpc_calls_total{method=\"getbalance\"} 3\n") || !strings.Contains(body, "\nspvd_wallets{state=\"loaded\"} 0\n") ||
		!strings.Contains(body, "\nspvd_tip_height 1000\n") || !strings.Contains(body, "\nprocess_start_time_seconds 1\n") || !strings.Contains(body, "\nspvd_bans 3\n") {
		t.Errorf("metrics are %s", body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "rebound.example"
	rebound, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	rebound.Body.Close()
	if rebound.StatusCode != 421 {
		t.Errorf("under another name the page gives %s", rebound.Status)
	}
}

func TestConfig(t *testing.T) {
	if _, err := page.New(page.Config{}); err == nil {
		t.Error("a server of nothing is made")
	}
}
