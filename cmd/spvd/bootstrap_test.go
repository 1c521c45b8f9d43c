package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// TestBootstrapGoesThroughTheProxy: with a proxy a snapshot is read through it, from a server whose
// name only the proxy knows, and the name is not looked up.
func TestBootstrapGoesThroughTheProxy(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: consensus.SimNet(), Seed: 3, Blocks: 300})
	if err != nil {
		t.Fatal(err)
	}
	s := snapshottest.New(c, 2)
	s.Seal()
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/files/", http.FileServer(http.Dir(dir))))
	defer server.Close()
	proxy := startProxy(t, map[string]string{"snapshots.example:80": strings.TrimPrefix(server.URL, "http://")})
	forbidLookups(t)
	d := startDaemon(t, "--nofilelogging", "--notls", "--appdata", t.TempDir(), "--proxy="+proxy.addr, "--bootstrap=http://snapshots.example/files")
	if line := d.await(t, "Imported from a snapshot"); !strings.Contains(line, "to=255") {
		t.Errorf("log %q", line)
	}
	d.stop()
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d", code)
	}
	proxy.separates(t)
}
