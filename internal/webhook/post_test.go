package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
)

func TestAddressesOfReceivers(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org/hook?token=secret": "https://example.org",
		"https://user:pass@example.org:8443/":   "https://example.org:8443",
		"https://[2001:db8::1]/x":               "https://[2001:db8::1]",
		"http://localhost:8080/hook":            "http://localhost:8080",
		"http://127.0.0.1/":                     "http://127.0.0.1",
		"http://[::1]:80":                       "http://[::1]:80",
	} {
		got, err := ParseTarget(text)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"http://example.org/":          "without TLS",
		"http://192.0.2.1/":            "without TLS",
		"http://localhost.example.org": "without TLS",
		"http://127.0.0.1.example.org": "without TLS",
		"http://0.0.0.0/":              "without TLS",
		"http://abcdefg.onion/":        "without TLS",
		"ftp://example.org/":           "has to begin with",
		"example.org/hook":             "has to begin with",
		"":                             "has to begin with",
		"https://":                     "no host",
		"https:///hook":                "no host",
		"https://example.org:/":        "empty port",
		"https://example.org:0/":       "port 0",
		"https://example.org:70000/":   "port 70000",
		"https://example.org/#part":    "fragment",
		"https://ex ample.org/secret":  "no address",
		"https://example.org/%zz":      "no address",
	} {
		_, err := ParseTarget(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestSignature compares it with one that Python has made: hmac.new(secret, b'1700000000.'+body,
// hashlib.sha256).
func TestSignature(t *testing.T) {
	got := sign([]byte(testSecret), []byte(`{"seq":1}`), time.Unix(1700000000, 0))
	if want := "t=1700000000,v1=00ee9ed17df2ce5ee401a7bcb1c74c9b3b0d4b621d5794394bb2c6a16bfed5be"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTheFileOutlastsTheProcess writes a state and reads it again, whatever was accepted meanwhile.
func TestTheFileOutlastsTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "webhook.db")
	open := func() *state {
		t.Helper()
		s, err := openState(file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if !s.fresh() || s.pending != nil || len(s.id) != 32 {
		t.Errorf("a new file: %+v", s)
	}
	id, a, b := s.id, topic{"transactions", "a"}, topic{"blocks", ""}
	if err := errors.Join(s.setPlaces(map[topic]place{b: {Cursor: "1:x"}}), s.add([]byte("first"), a, &place{Cursor: "2:y", Unmined: []string{"h"}})); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Close(); err != nil { // as when the process is killed
		t.Fatal(err)
	}
	s = open()
	if s.id != id || s.seq != 1 || s.delivered != 0 || string(s.pending) != "first" || s.places[a].Unmined[0] != "h" || s.places[b].Cursor != "1:x" {
		t.Errorf("%+v", s)
	}
	s.accepted()
	if err := s.add([]byte("second"), topic{name: "syncstatus"}, nil); err != nil {
		t.Fatal(err)
	}
	s.accepted()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if s.seq != 2 || s.delivered != 2 || s.pending != nil || len(s.places) != 2 {
		t.Errorf("%+v", s)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedFilesAreMovedAway: the receiver gets another stream then.
func TestDamagedFilesAreMovedAway(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"empty":    func(file string) error { return os.Truncate(file, 0) },
		"cut off":  func(file string) error { return os.Truncate(file, 5000) },
		"no file":  func(file string) error { return os.WriteFile(file, bytes.Repeat([]byte("x"), 40000), 0o600) },
		"bad id":   func(file string) error { return put(file, idKey, []byte("short")) },
		"bad seq":  func(file string) error { return put(file, seqKey, []byte{1}) },
		"no event": func(file string) error { return put(file, seqKey, encodeNumber(9)) },
	} {
		file := filepath.Join(t.TempDir(), "webhook.db")
		s, err := openState(file)
		if err != nil {
			t.Fatal(err)
		}
		id := s.id
		if err := errors.Join(s.close(), damage(file)); err != nil {
			t.Fatal(err)
		}
		if _, err := openState(file); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		h := &Hook{cfg: Config{File: file, Log: slog.New(slog.DiscardHandler)}}
		if s, err = h.open(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.id == id || !s.fresh() {
			t.Errorf("%s: the state is %+v", name, s)
		}
		if _, err := os.Stat(file + unusable); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := openState(t.TempDir()); err == nil || errors.Is(err, errDamaged) {
		t.Errorf("a directory: %v", err)
	}
}

// put changes a value of the stream.
func put(file string, key, value []byte) error {
	db, err := bolt.Open(file, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket(streamBucket).Put(key, value) })
	return errors.Join(err, db.Close())
}

// answers is a receiver that answers from a list, and records when it was asked.
type answers struct {
	mu    sync.Mutex
	list  []int // zero is no answer
	asked []time.Time
	sent  []*http.Request
}

// RoundTrip implements http.RoundTripper.
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.sent = append(a.asked, time.Now()), append(a.sent, r)
	status := a.list[0]
	if len(a.list) > 1 {
		a.list = a.list[1:]
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{"Location": {"https://elsewhere.example/"}}}, nil
}

// TestAttemptsGoOn: an event is posted again after pauses that grow to minutes, whatever the receiver
// answers but success, and the status warns meanwhile.
func TestAttemptsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, err := ParseTarget("https://example.org/hook?token=secret")
		if err != nil {
			t.Fatal(err)
		}
		var warned []int
		var log bytes.Buffer
		h := New(Config{
			Target: target, Secret: []byte(testSecret), UserAgent: "spvd/1", Now: time.Now, Wallets: noWallets(t),
			Log:  slog.New(slog.NewTextHandler(&log, nil)),
			Warn: func(w ...spv.Warning) { warned = append(warned, len(w)) },
		})
		h.id = "00ff"
		receiver := &answers{list: []int{0, 500, 404, 302, 410, 0, 0, 0, 0, 0, 0, 0, 0, 0, 204}}
		h.client.Transport = receiver
		began := time.Now()
		if err := h.deliver(t.Context(), 7, "blocks", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); len(receiver.asked) != 15 || took < 20*time.Minute || took > 45*time.Minute {
			t.Errorf("%d attempts in %v", len(receiver.asked), took)
		}
		for i := 1; i < len(receiver.asked); i++ {
			want := min(time.Second<<(i-1), longestPause)
			if pause := receiver.asked[i].Sub(receiver.asked[i-1]); pause < want*3/4 || pause > want*5/4 {
				t.Errorf("pause %d is %v, want about %v", i, pause, want)
			}
		}
		for _, r := range receiver.sent {
			if r.URL.Host != "example.org" || r.Header.Get("Spvd-Delivery") != "00ff/7" || r.Header.Get("Spvd-Event") != "blocks" || r.Method != http.MethodPost {
				t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
			}
		}
		if receiver.sent[0].Header.Get("Spvd-Signature") == receiver.sent[14].Header.Get("Spvd-Signature") {
			t.Error("the time of the signature is that of the first attempt")
		}
		if n := len(warned); n < 2 || warned[0] != 1 || warned[n-1] != 0 {
			t.Errorf("warnings %v", warned)
		}
		if info := h.Info(); info.Delivered != 7 || info.Pending != 0 || info.Trouble != "" {
			t.Errorf("%+v", info)
		}
		if text := log.String(); strings.Count(text, "\n") != 2 || strings.Contains(text, "token") {
			t.Errorf("log:\n%s", text)
		}
	})
}

// TestTroubleIsShown while an event is pending, and the address is not.
func TestTroubleIsShown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nothing listens there now
	target, err := ParseTarget("http://" + l.Addr().String() + "/?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := New(Config{
		Target: target, Now: time.Now, Wallets: noWallets(t), Warn: func(...spv.Warning) {}, pause: time.Hour,
		Log: slog.New(hooked{cancel}),
	})
	if err := h.deliver(ctx, 3, "blocks", []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	info := h.Info()
	if info.Pending != 3 || info.Attempts != 1 || info.NextAttempt <= info.Since || !strings.Contains(info.Trouble, "refused") || strings.Contains(info.Trouble, "token") {
		t.Errorf("%+v", info)
	}
	if none := (*Hook)(nil).Info(); none != (api.Webhook{}) {
		t.Errorf("no hook: %+v", none)
	}
}

// hooked is a log handler that calls a function for each entry.
type hooked struct{ entry func() }

func (h hooked) Enabled(context.Context, slog.Level) bool  { return true }
func (h hooked) Handle(context.Context, slog.Record) error { h.entry(); return nil }
func (h hooked) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h hooked) WithGroup(string) slog.Handler             { return h }

// TestRedirectsAreNotFollowed, and nothing but the receiver is connected to: neither what the
// environment names, nor for a receiver on this machine a proxy.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:1")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	receiver := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer receiver.Close()
	_, port, err := net.SplitHostPort(receiver.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	proxied := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("by proxy") }
	for text, want := range map[string]string{
		"http://localhost:" + port + "/": "307",
		receiver.URL:                     "307",
		"https://example.org/":           "by proxy",
	} {
		target, err := ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		h := New(Config{Target: target, Now: time.Now, Wallets: noWallets(t), Dial: proxied, Log: slog.New(slog.DiscardHandler)})
		if err := h.attempt(t.Context(), 1, "blocks", []byte("{}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		h.client.CloseIdleConnections()
	}
}
