package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spvd/spvd/e2e/daemon"
)

// testBook: a daemon that was once told of a node finds it by itself afterwards, out
// of its address book, and follows the chain the node has by then. Nodes tell no
// addresses on the simulation network, so that it knows this one only.
func (s *stage) testBook(t *testing.T) {
	n := s.newNode(t)
	m := s.newMiner(t, n)
	dir := t.TempDir()
	d := s.startDaemonWith(t, dir, []string{"--addpeer=" + n.Addr()})
	awaitTip(t, d, n)
	wantPeer(t, d, n.Addr(), "added")
	stopDaemon(t, d)
	wantBook(t, dir, n.Addr(), false)

	for range 2 { // the second time as the anchor that the first one has left
		extend(t, m, 2)
		d = s.startDaemon(t, dir)
		awaitTip(t, d, n)
		wantPeer(t, d, n.Addr(), "outbound")
		stopDaemon(t, d)
		wantBook(t, dir, n.Addr(), true)
	}
}

// wantPeer wants a daemon to have one peer, connected for a reason.
func wantPeer(t *testing.T, d *daemon.Daemon, addr, role string) {
	t.Helper()
	var peers []struct{ Addr, Role string }
	if err := d.Call(t.Context(), "getpeerinfo", &peers); err != nil {
		t.Fatal(err)
	}
	if len(peers) != 1 || peers[0].Addr != addr || peers[0].Role != role {
		t.Errorf("peers %+v, want %s as %s", peers, addr, role)
	}
}

// wantBook wants the file of a stopped daemon to have one address, where a node was
// met, and wants it to be an anchor or not.
func wantBook(t *testing.T, dir, addr string, anchor bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "simnet", "peers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var book struct {
		Addresses []struct {
			Addr   string
			Worked int64
		}
		Anchors []string
	}
	if err := json.Unmarshal(raw, &book); err != nil {
		t.Fatal(err)
	}
	if len(book.Addresses) != 1 || book.Addresses[0].Addr != addr || book.Addresses[0].Worked == 0 ||
		slices.Contains(book.Anchors, addr) != anchor {
		t.Errorf("the book is\n%s\nwant %s in it, anchor: %v", raw, addr, anchor)
	}
}
