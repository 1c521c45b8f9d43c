package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
)

// town is a web server in memory, for bubbles of virtual time. It counts connections.
type town struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	open   atomic.Int32
	dialed atomic.Int32
}

func (l *town) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *town) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *town) Addr() net.Addr { return &net.TCPAddr{} }

func (l *town) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	if address != "snapshots.example:80" {
		return nil, fmt.Errorf("dialed %s", address)
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		l.open.Add(1)
		l.dialed.Add(1)
		return &countedConn{Conn: ours, of: l}, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	return nil, errors.New("no server")
}

type countedConn struct {
	net.Conn
	of   *town
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}

// serve runs fn with a source that a handler serves, in virtual time. When fn has returned
// and the source is closed, no connection is open and no goroutine is left.
func serve(t *testing.T, handler http.Handler, fn func(t *testing.T, src snapshot.Source, l *town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &town{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Hour}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(l) })
		src, err := New("http://user:secret@snapshots.example/files", Config{Dial: l.Dial, UserAgent: "/test/"})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, src, l)
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := l.open.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}

// example returns a snapshot of four segments.
func example(t testing.TB) (*testnet.Chain, *snapshottest.Snapshot) {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: testnet.Eras(), Seed: 7, Blocks: 600})
	if err != nil {
		t.Fatal(err)
	}
	s := snapshottest.New(c, 4)
	s.Seal()
	return c, s
}

// files serves the files of a snapshot, with ranges.
func files(s *snapshottest.Snapshot) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, ok := s.Files[strings.TrimPrefix(r.URL.Path, "/files/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

func verify(t *testing.T, src snapshot.Source, c *testnet.Chain) (snapshot.Verified, error) {
	t.Helper()
	return snapshot.Verify(t.Context(), src, c.Params(), c.Now(), func(snapshot.Verified) {})
}

// TestWebServer: a snapshot is read whole, over few connections, and with the name and
// password of the address, which are not shown.
func TestWebServer(t *testing.T) {
	c, s := example(t)
	var requests, unnamed atomic.Int32
	handler := func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if user, password, _ := r.BasicAuth(); user != "user" || password != "secret" || r.UserAgent() != "/test/" || r.Header.Get("Accept-Encoding") != "" {
			unnamed.Add(1)
		}
		files(s)(w, r)
	}
	serve(t, http.HandlerFunc(handler), func(t *testing.T, src snapshot.Source, l *town) {
		if v, err := verify(t, src, c); err != nil || v.Segments != 4 {
			t.Errorf("verified %+v, %v", v, err)
		}
		if n := l.dialed.Load(); n > 8 {
			t.Errorf("%d connections", n)
		}
		if src.String() != "http://user:xxxxx@snapshots.example/files" {
			t.Errorf("shown as %s", src)
		}
	})
	if requests.Load() != 9 || unnamed.Load() != 0 {
		t.Errorf("%d requests, %d without the name", requests.Load(), unnamed.Load())
	}
}

// cutting breaks off each response after some bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	if len(b) > c.left {
		n, _ := c.ResponseWriter.Write(b[:c.left])
		c.left -= n
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

// TestBrokenConnectionsResume: where the server knows ranges, no byte is sent twice; where
// it does not, the file begins again.
func TestBrokenConnectionsResume(t *testing.T) {
	c, s := example(t)
	for _, ranges := range []bool{true, false} {
		var resumed atomic.Int32
		handler := func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				resumed.Add(1)
			}
			limit := 9_000
			if !ranges {
				r.Header.Del("Range")
				limit = 9_000 * (1 + int(resumed.Load()))
			}
			if strings.HasSuffix(r.URL.Path, ".json") {
				limit = 1 << 20
			}
			files(s)(&cutting{w, limit}, r)
		}
		serve(t, http.HandlerFunc(handler), func(t *testing.T, src snapshot.Source, _ *town) {
			if v, err := verify(t, src, c); err != nil || v.Segments != 4 {
				t.Errorf("ranges %v: verified %+v, %v", ranges, v, err)
			}
		})
		if resumed.Load() < 4 {
			t.Errorf("ranges %v: resumed %d times", ranges, resumed.Load())
		}
	}
}

// TestBadServers: each is left with its own sentence, after a bounded time.
func TestBadServers(t *testing.T) {
	c, s := example(t)
	good := files(s)
	only := func(suffix string, bad http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, suffix) {
				bad(w, r)
				return
			}
			good(w, r)
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for block := make([]byte, 4096); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    snapshot.Reason
		says    string
	}{
		{"empty", http.NotFound, snapshot.Missing, "there is no file simnet.json"},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, snapshot.Unreachable, "the server answers with status 503"},
		{"silent", silent, snapshot.Slow, "nothing came for 20s"},
		{"silent about a file", only(".filters", silent), snapshot.Slow, "nothing came for 20s"},
		{"stalls", only(".headers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "23040")
			_, _ = w.Write(make([]byte, 5000))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}), snapshot.Slow, "comes too slowly after 5000 bytes: nothing came for 20s"},
		{"trickles", only(".headers", func(w http.ResponseWriter, r *http.Request) {
			for range 23040 {
				_, _ = w.Write([]byte{1})
				_ = http.NewResponseController(w).Flush()
				if wait.For(r.Context(), 300*time.Millisecond) != nil {
					return
				}
			}
		}), snapshot.Slow, "bytes came in 10s"},
		{"endless manifest", only(".json", endless), snapshot.Oversized, "has more than 4194304 bytes"},
		{"endless file", only(".filters", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(s.Files[strings.TrimPrefix(r.URL.Path, "/files/")])
			endless(w, r)
		}), snapshot.Oversized, "goes on after"},
		{"claims too much", only(".filters", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9223372036854775807")
			_, _ = w.Write(make([]byte, 100))
		}), snapshot.Oversized, "has 9223372036854775807 bytes and not"},
		{"redirects to itself", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, snapshot.Unreachable, "it redirects more than 5 times"},
		{"endless response header", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			good(w, r)
		}, snapshot.Unreachable, "simnet.json cannot be read"},
		{"drops every connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, snapshot.Unreachable, "EOF"},
		{"other range", only(".headers", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				good(&cutting{w, 2000}, r)
				return
			}
			w.Header().Set("Content-Range", "bytes 0-99/23040")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(make([]byte, 100))
		}), snapshot.Unreachable, "was asked for the bytes from 2000 on, and sends others"},
		{"shrinks", only(".headers", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				good(&cutting{w, 2000}, r)
				return
			}
			w.Header().Set("Content-Range", "bytes */1500")
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}), snapshot.Truncated, "has 1500 bytes and not 23040"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serve(t, tt.handler, func(t *testing.T, src snapshot.Source, _ *town) {
				began := time.Now()
				_, err := verify(t, src, c)
				var fault *snapshot.Fault
				if !errors.As(err, &fault) || fault.Reason != tt.want || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v\nwant %v with %q", err, tt.want, tt.says)
				}
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("shows the password: %v", err)
				}
				if took := time.Since(began); took > time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// crawling sends each response evenly, a little above the rate of a single response.
type crawling struct {
	http.ResponseWriter
	ctx context.Context
}

func (c crawling) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		part := b[:min(len(b), leastRate/8)]
		if _, err := c.ResponseWriter.Write(part); err != nil {
			return n, err
		}
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		b, n = b[len(part):], n+len(part)
		if err := wait.For(c.ctx, time.Second/10); err != nil {
			return n, err
		}
	}
	return n, nil
}

// TestCrawlingServers: a server that sends each file evenly and slowly is left after a minute.
func TestCrawlingServers(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: testnet.Eras(), Seed: 7, Blocks: 7000})
	if err != nil {
		t.Fatal(err)
	}
	s := snapshottest.New(c, 7000/snapshot.BlocksOf(c.Params()))
	s.Seal()
	s.Files["simnet.json"] = append(s.Files["simnet.json"], bytes.Repeat([]byte(" "), 1<<20)...)
	for _, tt := range []struct{ suffix, says string }{
		{".json", "simnet.json comes too slowly"},
		{"ers", "its files come too slowly"},
	} {
		handler := func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, tt.suffix) {
				w = crawling{w, r.Context()}
			}
			files(s)(w, r)
		}
		serve(t, http.HandlerFunc(handler), func(t *testing.T, src snapshot.Source, _ *town) {
			began := time.Now()
			_, err := verify(t, src, c)
			var fault *snapshot.Fault
			if !errors.As(err, &fault) || fault.Reason != snapshot.Slow || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("*%s: got %v, want that %s", tt.suffix, err, tt.says)
			}
			if took := time.Since(began); took > 70*time.Second {
				t.Errorf("*%s: it took %v", tt.suffix, took)
			}
		})
	}
}

// TestPausesOfTheReaderAreNotSlow: a server is judged only while bytes are waited for.
func TestPausesOfTheReaderAreNotSlow(t *testing.T) {
	c, s := example(t)
	serve(t, files(s), func(t *testing.T, src snapshot.Source, _ *town) {
		m, err := snapshot.Load(t.Context(), src, c.Params())
		if err != nil {
			t.Fatal(err)
		}
		r := snapshot.Reader{Params: c.Params(), Source: src, Manifest: m, Budget: 1}
		err = r.Run(t.Context(), func(*snapshot.Piece) error { return wait.For(context.Background(), time.Hour) })
		if err != nil {
			t.Error(err)
		}
	})
}

// TestCanceledReads: wherever the context ends, nothing stays open; serve checks it.
func TestCanceledReads(t *testing.T) {
	c, s := example(t)
	for n := range 12 {
		var bytesSent atomic.Int64
		var cancel context.CancelFunc
		handler := func(w http.ResponseWriter, r *http.Request) {
			if int(bytesSent.Add(1)) == n {
				cancel()
			}
			files(s)(w, r)
		}
		serve(t, http.HandlerFunc(handler), func(t *testing.T, src snapshot.Source, _ *town) {
			var ctx context.Context
			ctx, cancel = context.WithCancel(t.Context())
			defer cancel()
			_, err := snapshot.Verify(ctx, src, c.Params(), c.Now(), func(snapshot.Verified) {})
			if n >= 1 && n <= 8 && !errors.Is(err, context.Canceled) {
				t.Errorf("canceled at request %d: %v", n, err)
			}
		})
	}
}

// TestSourcesOfUsers: what they may name, and what is wrong with the rest.
func TestSourcesOfUsers(t *testing.T) {
	for text, want := range map[string]string{
		"/srv/snapshots":                   "/srv/snapshots",
		"snapshots/":                       "snapshots",
		"http://10.0.0.1:8080":             "http://10.0.0.1:8080",
		"https://a.example/dcr":            "https://a.example/dcr",
		"https://u:p@a.example/":           "https://u:xxxxx@a.example/",
		"http://[fe80::1]:9000/d/":         "http://[fe80::1]:9000/d/",
		"HTTP://a.example":                 "http://a.example",
		"http://onionname.onion/snapshots": "http://onionname.onion/snapshots",
	} {
		src, err := New(text, Config{})
		if err != nil || src.String() != want {
			t.Errorf("%s: got %v, %v", text, src, err)
		}
	}
	for text, want := range map[string]string{
		"":                             "is empty",
		"ftp://a.example/":             "ftp:// is no source",
		"http:///x":                    "names no host",
		"http://a.example/?q=1":        "without ?",
		"http://a.example/#a":          "without ? and #",
		"https://u:secret@a.example:x": "invalid port",
	} {
		if src, err := New(text, Config{}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, %v", text, src, err)
		}
	}
}

var _ io.ReadCloser = (*guard)(nil)
