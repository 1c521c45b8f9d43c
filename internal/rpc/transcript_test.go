package rpc_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

var update = flag.Bool("update", false, "rewrite the golden files with what the server says")

// transcript is the golden file of POST requests: a line that begins with >
// is sent, the line after it, which begins with <, is what came back.
const transcript = "testdata/post.txt"

func TestTranscript(t *testing.T) {
	want, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	d := rpctest.New()
	address, _ := rpctest.Start(t, rpctest.Config(d))
	var got strings.Builder
	for line := range strings.Lines(string(want)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "<") {
			continue
		}
		fmt.Fprintln(&got, line)
		if body, ok := strings.CutPrefix(line, "> "); ok {
			status, reply := post(t, address, body)
			fmt.Fprintf(&got, "< %d %s\n", status, strings.TrimSuffix(reply, "\n"))
		}
	}
	golden(t, transcript, got.String())
	if d.Level() != "debug" {
		t.Errorf("log level is %s", d.Level())
	}
	<-d.Stopped()
}

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(end)", "(end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s differs in line %d (run: go test ./internal/rpc -update)\ngot  %s\nwant %s", name, i+1, g, w)
		}
	}
}

// post sends a body as dcrctl does and returns status and body of the answer.
func post(t testing.TB, address, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	r.Header.Set("Content-Type", "application/json")
	return do(t, r)
}

// do sends a request and returns status and body of the answer.
func do(t testing.TB, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// described returns what the server says about its methods.
func described(t testing.TB, address string) []api.MethodInfo {
	t.Helper()
	_, reply := post(t, address, `{"method":"help","params":["",true],"id":1}`)
	var r struct{ Result []api.MethodInfo }
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		t.Fatal(err)
	}
	return r.Result
}

// Every method is in the transcript: called as its example says or otherwise,
// with a result; and if it takes parameters, also with wrong ones.
func TestTranscriptIsComplete(t *testing.T) {
	text, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	onWebsockets, err := os.ReadFile(wsTranscript)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, strings.ReplaceAll(string(onWebsockets), "\n< ", "\n< 200 ")...)
	answered, refused := make(map[string]bool), make(map[string]bool)
	answered[discoverMethod] = true // its reply is a file of its own
	var called struct{ Method string }
	for line := range strings.Lines(string(text)) {
		if request, ok := strings.CutPrefix(line, "> "); ok {
			called.Method = ""
			_ = json.Unmarshal([]byte(request), &called) // garbage calls nothing
		}
		if reply, ok := strings.CutPrefix(line, "< 200 "); ok {
			var r api.Error
			failed := json.Unmarshal([]byte(reply), &struct{ Error *api.Error }{&r}) != nil || r.Code != 0
			answered[called.Method] = answered[called.Method] || !failed
			refused[called.Method] = refused[called.Method] || failed
		}
	}
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.New()))
	methods := described(t, address)
	if len(methods) == 0 {
		t.Fatal("no methods")
	}
	for _, m := range methods {
		if !answered[m.Name] {
			t.Errorf("%s is never answered", m.Name)
		}
		if len(m.Params) > 0 && !refused[m.Name] {
			t.Errorf("%s is never refused", m.Name)
		}
	}
}
