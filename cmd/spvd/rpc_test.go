package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// client calls one daemon as a local tool does: with the cookie.
type client struct{ url, user, password string }

// dial waits until a daemon on a data directory serves JSON-RPC.
func dial(t testing.TB, d *daemon, dir string) client {
	t.Helper()
	address := d.await(t, "RPC server listens address=")
	cookie, err := os.ReadFile(filepath.Join(dir, "simnet", api.CookieFile))
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(cookie), ":")
	return client{url: "http://" + address + "/", user: user, password: password}
}

// call calls a method without parameters.
func (c client) call(t *testing.T, method string, result any) *api.Error {
	t.Helper()
	return c.callWith(t, method, "[]", result)
}

// callWith calls a method and decodes its result. It returns the error the
// daemon answers with, if it does.
func (c client) callWith(t *testing.T, method, params string, result any) *api.Error {
	t.Helper()
	refused, err := c.try(t.Context(), method, params, result)
	if err != nil {
		t.Fatal(err)
	}
	return refused
}

// try is callWith for a daemon that may be gone.
func (c client) try(ctx context.Context, method, params string, result any) (*api.Error, error) {
	body := `{"jsonrpc":"1.0","id":1,"method":"` + method + `","params":` + params + `}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(c.user, c.password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var reply struct {
		Result json.RawMessage
		Error  *api.Error
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		return nil, fmt.Errorf("%s: status %s: %w", method, res.Status, err)
	}
	if reply.Error != nil {
		return reply.Error, nil
	}
	if err := json.Unmarshal(reply.Result, result); err != nil {
		return nil, fmt.Errorf("%s answers %s: %w", method, reply.Result, err)
	}
	return nil, nil
}

func TestLonelyDaemonTellsTheTruth(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--notls")
	c := dial(t, d, dir)
	var status api.SyncStatus
	if err := c.call(t, "syncstatus", &status); err != nil {
		t.Fatal(err)
	}
	if status.Synced || status.Ratio == 1 || status.Peers != 0 {
		t.Errorf("without peers: synced %v, ratio %v, %d peers", status.Synced, status.Ratio, status.Peers)
	}
	var peers []api.PeerInfo
	if err := c.call(t, "getpeerinfo", &peers); err != nil || len(peers) != 0 {
		t.Errorf("getpeerinfo: %v, %v; want no peers", peers, err)
	}
	var versions map[string]api.Version
	if err := c.call(t, "version", &versions); err != nil || versions["spvd"].VersionString == "" {
		t.Errorf("version: %v, %v", versions, err)
	}
}

func TestStopMethodIsACleanStop(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--notls")
	var said string
	if err := dial(t, d, dir).call(t, "stop", &said); err != nil || said == "" {
		t.Errorf("stop answers %q, %v", said, err)
	}
	if code := d.end(); code != exitClean || d.err.String() != "" {
		t.Errorf("exit code %d, standard error %q", code, d.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "simnet", api.CookieFile)); !os.IsNotExist(err) {
		t.Errorf("the cookie is still there: %v", err)
	}
}

func TestDebugLevelMethodChangesTheLog(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--notls", "--debuglevel=off,RPCS=info")
	c := dial(t, d, dir)
	var said string
	if err := c.callWith(t, "debuglevel", `["SPVD=info"]`, &said); err != nil || said != "Done." {
		t.Errorf("debuglevel answers %q, %v", said, err)
	}
	d.stop()
	d.end()
	if out := d.out.String(); !strings.Contains(out, "SPVD: Stopped") || strings.Contains(out, "SPVD: Starting") {
		t.Errorf("the level did not change in between:\n%s", out)
	}
}
