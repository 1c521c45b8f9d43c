package source

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// TestRealServer: over TCP, with the file server of the standard library, all descriptors
// are closed again.
func TestRealServer(t *testing.T) {
	c, s := example(t)
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	before := descriptors(t)
	src, err := New(server.URL, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := verify(t, src, c); err != nil || v.Segments != 4 {
		t.Errorf("verified %+v, %v", v, err)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	server.Close() // the client notices the ends of its connections a moment later
	for began := time.Now(); descriptors(t) >= before; {
		if err := wait.For(t.Context(), time.Millisecond); err != nil || time.Since(began) > time.Minute {
			t.Fatalf("%d descriptors are open, %d were with the server", descriptors(t), before)
		}
	}
}

// descriptors returns how many descriptors are open.
func descriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
