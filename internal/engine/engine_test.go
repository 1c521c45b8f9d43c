package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/engine/enginetest"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testenv"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	testenv.Set()
	os.Exit(m.Run())
}

// settings returns a configuration as JSON that watches the account of the network.
func settings(t testing.TB, dir, node string) string {
	t.Helper()
	text, err := json.Marshal(engine.Config{
		Dir: dir, Network: "simnet", Connect: []string{node},
		Accounts: []engine.Account{{Name: "default", Xpub: enginetest.Xpub}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func open(t testing.TB, config string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func call(t testing.TB, e *engine.Engine, name, params string) string {
	t.Helper()
	result, err := e.Call("", name, params)
	if err != nil {
		t.Fatalf("%s %s: %v", name, params, err)
	}
	return result
}

// awaitSynced reads events until the engine is synced at a height.
func awaitSynced(t testing.TB, e *engine.Engine, height int64) {
	t.Helper()
	call(t, e, "subscribe", `["syncstatus"]`)
	for {
		text, err := e.Next(patience)
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			Method string
			Params []api.SyncStatus
		}
		if err := json.Unmarshal([]byte(text), &event); err != nil || len(event.Params) != 1 || event.Method != api.TopicSyncStatus {
			t.Fatalf("event %s: %v", text, err)
		}
		if st := event.Params[0]; st.Synced && st.Tip.Height >= height {
			break
		}
	}
	call(t, e, "unsubscribe", `["syncstatus"]`)
}

func wantBalance(t testing.TB, e *engine.Engine, want string) {
	t.Helper()
	var balance struct {
		Total json.Number `json:"cumulativetotal"`
	}
	if err := json.Unmarshal([]byte(call(t, e, "getbalance", "")), &balance); err != nil || balance.Total.String() != want {
		t.Errorf("balance %s (%v), want %s", balance.Total, err, want)
	}
}

// wantCode fails unless an error has a number.
func wantCode(t testing.TB, what string, err error, want api.Code) {
	t.Helper()
	answer := engine.Explain(err)
	switch {
	case answer == nil && want == engine.CodeOK:
	case answer == nil || answer.Code != want || answer.Message == "" || strings.Contains(answer.Message, "\n"):
		t.Errorf("%s: got %+v, want the number %d", what, answer, want)
	}
}

// TestLife is the life of an engine: it syncs, stops, answers from its wallet, runs again, and
// refuses what does not fit its state.
func TestLife(t *testing.T) {
	n := enginetest.Start(t, 40)
	config := settings(t, t.TempDir(), n.Address)
	e := open(t, config)
	_, err := engine.Open(config)
	wantCode(t, "a second engine", err, engine.CodeInUse)
	for round := range 2 {
		_, err := e.Call("", "subscribe", `["blocks"]`)
		wantCode(t, "subscribe before Start", err, engine.CodeNotRunning)
		_, err = e.Next(0)
		wantCode(t, "Next before Start", err, engine.CodeNotRunning)
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a second Start", e.Start(), engine.CodeRunning)
		_, err = e.Next(0)
		wantCode(t, "Next without a subscription", err, engine.CodeNoEvent)
		awaitSynced(t, e, int64(40+round))
		wantBalance(t, e, fmt.Sprint(5+2*round))
		if err := errors.Join(e.Stop(), e.Stop()); err != nil {
			t.Fatal(err)
		}
		wantBalance(t, e, fmt.Sprint(5+2*round))
		if round == 0 {
			n.Pay(t, enginetest.First, 2e8)
		}
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
	wantCode(t, "Start after Close", e.Start(), engine.CodeClosed)
	_, err = e.Next(-1)
	wantCode(t, "Next after Close", err, engine.CodeClosed)
	_, err = e.Call("", "getbalance", "")
	wantCode(t, "Call after Close", err, engine.CodeClosed)
	wantCode(t, "Stop after Close", e.Stop(), engine.CodeOK)
}

// TestStopMethodEndsTheRun: the method stop ends what Start has begun, waiting readers learn of
// it, and Start begins again.
func TestStopMethodEndsTheRun(t *testing.T) {
	e := open(t, settings(t, t.TempDir(), "127.0.0.1:1"))
	for range 2 {
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		var reader sync.WaitGroup
		var read error
		reader.Go(func() { _, read = e.Next(-1) })
		call(t, e, "stop", "")
		reader.Wait()
		wantCode(t, "the reader", read, engine.CodeNotRunning)
	}
}

// TestTroubleIsReported: a run that ends by an error says so to readers and to Stop.
func TestTroubleIsReported(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "simnet", "chain.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := open(t, settings(t, dir, "127.0.0.1:1"))
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	_, err := e.Next(patience)
	wantCode(t, "Next", err, engine.CodeNotRunning)
	if !strings.Contains(engine.Explain(err).Message, "chain.db") {
		t.Errorf("Next does not name the file: %v", err)
	}
	wantCode(t, "Stop", e.Stop(), engine.CodeFailed)
	wantCode(t, "a second Stop", e.Stop(), engine.CodeOK)
}

// TestMembersAreDescribed: the header of the C library names each member of the configuration.
func TestMembersAreDescribed(t *testing.T) {
	header, err := os.ReadFile(filepath.Join("..", "..", "cmd", "libspvd", "spvd.h"))
	if err != nil {
		t.Fatal(err)
	}
	fields := reflect.TypeFor[engine.Config]()
	for i := range fields.NumField() {
		if name := fields.Field(i).Tag.Get("json"); !strings.Contains(string(header), strconv.Quote(name)) {
			t.Errorf("spvd.h does not name %q", name)
		}
	}
}

// TestListen: an engine serves another one, which has no other peer.
func TestListen(t *testing.T) {
	n := enginetest.Start(t, 30)
	config, err := json.Marshal(engine.Config{Dir: t.TempDir(), Network: "simnet", Connect: []string{n.Address}, Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	first := open(t, string(config))
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSynced(t, first, 30)
	var serving api.Serving
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); len(serving.Listeners) == 0 || serving.Listeners[0].Bound == ""; <-tick.C {
		if err := json.Unmarshal([]byte(call(t, first, "getservinginfo", "")), &serving); err != nil || time.Since(began) > patience {
			t.Fatalf("%+v, %v", serving, err)
		}
	}
	second := open(t, settings(t, t.TempDir(), serving.Listeners[0].Bound))
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSynced(t, second, 30)
}

// TestBadConfigurations: each is refused with one sentence that names the member, and leaves the
// directory free.
func TestBadConfigurations(t *testing.T) {
	for config, want := range map[string]string{
		`{"dir":"DIR","network":"simnet","listen":["nowhere"]}`: "spvd config: Listen: serve config: address to listen at \"nowhere\": want IP:PORT",
		``:                                  "JSON",
		`[]`:                                "JSON",
		`{"dir":"DIR"} {}`:                  "more than one",
		`{"dir":7}`:                         "dir",
		`{"dir":"DIR","conect":[]}`:         "conect",
		`{}`:                                "Dir",
		`{"dir":"DIR","network":"x"}`:       "network",
		`{"dir":"DIR","birthday":"x"}`:      "birthday",
		`{"dir":"DIR","deepreorg":-1}`:      "DeepReorg",
		`{"dir":"DIR","proxy":"x"}`:         "Proxy",
		`{"dir":"DIR","connect":["a:b:c"]}`: "Connect",
		`{"dir":"DIR","waypoints":"DIR"}`:   "waypoints",
		`{"dir":"DIR","debuglevel":"loud"}`: "debuglevel",
		`{"dir":"DIR","verifyvotes":-1}`:    "VerifyVotes",
		`{"dir":"DIR","accounts":[{"name":"a","xpub":"dpubx"}]}`:     "Accounts",
		`{"dir":"DIR","debuglevel":"loud","logfile":"DIR/spvd.log"}`: "debuglevel",
	} {
		dir := t.TempDir()
		_, err := engine.Open(strings.ReplaceAll(config, "DIR", dir))
		wantCode(t, config, err, engine.CodeConfig)
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error does not name %s: %v", config, want, err)
		}
		open(t, settings(t, dir, "127.0.0.1:1"))
	}
	_, err := engine.Open(`{"dir":"/dev/null/x"}`)
	wantCode(t, "a directory in a file", err, engine.CodeFailed)
}

// TestLogFile: what happens is written to the file, without the key of the account.
func TestLogFile(t *testing.T) {
	n := enginetest.Start(t, 40)
	dir := t.TempDir()
	name := filepath.Join(dir, "engine.log")
	e := open(t, strings.Replace(settings(t, dir, n.Address), `"logfile":""`, `"logfile":"`+name+`","debuglevel":"debug"`, 1))
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSynced(t, e, 40)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), "Synced at height 40") || strings.Contains(string(text), enginetest.Xpub) {
		t.Errorf("log: %v\n%s", err, text)
	}
}
