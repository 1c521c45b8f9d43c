package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
)

// The chain of testSnapshot: segments of the simulation network have 128 blocks and are
// written when 256 are on top of them.
const (
	snapshotHeight = 530
	snapshotLast   = 255 // the last block of the last segment
	snapshotFiles  = 5
)

// testSnapshot: a daemon that syncs with a real node writes a snapshot; a static file server
// serves it; a second daemon without peers gets to its last block, and, once it has one peer,
// to the tip. It asks that peer for nothing that the snapshot has. A third daemon and a dcrwallet
// sync from what the second one serves alone. Then a fourth daemon refuses the same snapshot with a
// bit changed, and is synced by the node.
func (s *stage) testSnapshot(t *testing.T) {
	n := s.newNode(t)
	extend(t, s.newMiner(t, n), snapshotHeight-chainHeight)

	dir := filepath.Join(t.TempDir(), "snapshot")
	began := time.Now()
	first := s.startDaemonWith(t, t.TempDir(), []string{"--snapshotdir=" + dir}, n.Addr())
	awaitTip(t, first, n)
	size := awaitFiles(t, dir, snapshotFiles)
	t.Logf("first daemon: synced to block %d and wrote %d files of %d bytes within %v", snapshotHeight, snapshotFiles, size, time.Since(began).Round(time.Millisecond))
	listed, err := first.Control(t.Context(), "snapshot")
	if want := "2 segments in " + dir + ", 2 verified"; err != nil || !strings.Contains(listed.Stdout, want) {
		t.Errorf("spvctl snapshot: %v, %+v, want %q", err, listed, want)
	}
	stopDaemon(t, first)

	var sent atomic.Int64
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files.ServeHTTP(&countingWriter{w, &sent}, r)
	}))
	defer server.Close()

	began = time.Now()
	second := s.startDaemonWith(t, t.TempDir(), []string{"--bootstrap=" + server.URL, "--listen=127.0.0.1:0"})
	st, err := second.Await(deadline(t), func(s *daemon.Status) bool { return s.Phase == "catching-up" })
	if err != nil {
		t.Fatal(err)
	}
	if st.Stage("filters").Current != snapshotLast || st.Tip.Height != snapshotLast || st.Synced {
		t.Errorf("without peers it is at %+v", st)
	}
	t.Logf("second daemon: at block %d without a peer after %v, %d bytes served", st.Tip.Height, time.Since(began).Round(time.Millisecond), sent.Load())
	p := newProxy(t, n, nil)
	if err := second.Call(t.Context(), "addnode", nil, p.Addr(), "add"); err != nil {
		t.Fatal(err)
	}
	awaitTip(t, second, n)
	t.Logf("second daemon: synced with one peer after %v", time.Since(began).Round(time.Millisecond))
	sameChain(t, second, n, 0)
	r := readRecord(t, p, n)
	if from := r.headersAfter(); from != snapshotLast {
		t.Errorf("headers after %d asked for, want them after %d", from, snapshotLast)
	}
	if from := r.filtersFrom(); from != snapshotLast+1 {
		t.Errorf("filters from %d on asked for, want them from %d", from, snapshotLast+1)
	}

	s.serveFurther(t, second, n)

	spoil(t, dir)
	fourth := s.startDaemonWith(t, t.TempDir(), []string{"--bootstrap=" + server.URL}, n.Addr())
	awaitTip(t, fourth, n)
	sameChain(t, fourth, n, 0)
	var shown struct{ Warnings []struct{ Code, Text string } }
	if err := fourth.Call(t.Context(), "syncstatus", &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Warnings) != 1 || shown.Warnings[0].Code != "bootstrap-left" || !strings.Contains(shown.Warnings[0].Text, "a filter is wrong") {
		t.Errorf("warnings %+v", shown.Warnings)
	} else {
		t.Logf("fourth daemon: %s", shown.Warnings[0].Text)
	}
}

// serveFurther: a daemon and a dcrwallet that have no other peer than a daemon which serves light
// clients sync from it.
func (s *stage) serveFurther(t *testing.T, from *daemon.Daemon, n *node.Node) {
	t.Helper()
	at := servedAt(t, from)
	began := time.Now()
	third := s.newDaemon(t, at)
	awaitTip(t, third, n)
	took := time.Since(began)
	sameChain(t, third, n, 0)
	before := serving(t, from)
	t.Logf("third daemon: synced from the second one alone within %v, %d bytes served", took.Round(time.Millisecond), before.BytesSent)
	began = time.Now()
	s.startSPV(t, 2, at).awaitTip(t, n)
	t.Logf("dcrwallet: synced from the second daemon alone within %v of its creation, %d bytes served",
		time.Since(began).Round(time.Millisecond), serving(t, from).BytesSent-before.BytesSent)
}

// countingWriter counts the bytes of a response.
type countingWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.sent.Add(int64(n))
	return n, err
}

// awaitFiles waits until a directory holds so many finished files, and returns their size.
func awaitFiles(t *testing.T, dir string, want int) (size int64) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		list, _ := os.ReadDir(dir) // it is not there at first
		size = 0
		n := 0
		for _, entry := range list {
			if info, err := entry.Info(); err == nil && !strings.HasSuffix(entry.Name(), ".new") {
				size += info.Size()
				n++
			}
		}
		manifest, _ := os.ReadFile(filepath.Join(dir, "simnet.json"))
		if n == want && strings.Count(string(manifest), `"first"`) == (want-1)/2 {
			return size
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d files in %s, want %d", n, dir, want)
		}
	}
}

// spoil changes a bit of the last filter of the last segment.
func spoil(t *testing.T, dir string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "simnet-00000128-*.filters"))
	if err != nil || len(list) != 1 {
		t.Fatalf("files %v, %v", list, err)
	}
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(list[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}
