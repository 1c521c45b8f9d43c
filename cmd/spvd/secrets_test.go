package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoSecretsInTheLog passes every kind of secret to a daemon that logs everything:
// passwords, the right ones and a guess, the cookie, an account's key, and a private key
// that a user imports by mistake.
func TestNoSecretsInTheLog(t *testing.T) {
	ns, dir, o := serveNodes(t, 1), t.TempDir(), newOwner(t, 1)
	other, private := newOwner(t, 2).xpub(), o.account.String()
	d, c := ns.startSynced(t, dir, "--debuglevel=trace",
		"--account=savings="+o.xpub(), "--readonlyuser=reader", "--readonlypass=hunter2")
	var nothing any
	if err := c.callWith(t, "importxpub", fmt.Sprintf(`["other",%q]`, other), &nothing); err != nil {
		t.Fatal(err)
	}
	if err := c.callWith(t, "importxpub", fmt.Sprintf(`["mine",%q]`, private), &nothing); err == nil {
		t.Error("a private key was imported")
	}
	guess := client{url: c.url, user: "reader", password: "hunter3"}
	if _, err := guess.try(t.Context(), "getblockcount", "[]", &nothing); err == nil {
		t.Error("a wrong password was accepted")
	}
	guess.password = "hunter2"
	var count int
	if err := guess.call(t, "getblockcount", &count); err != nil || count != blocks {
		t.Errorf("getblockcount answers %d, %v", count, err)
	}
	d.stop()
	d.end()

	file, err := os.ReadFile(filepath.Join(dir, "logs", "simnet", "spvd.log"))
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != d.out.String() || !strings.Contains(d.out.String(), "[DBG]") {
		t.Error("the file is not what is printed, or holds no details")
	}
	for what, secret := range map[string]string{
		"cookie": c.password, "password": "hunter2", "guess": "hunter3",
		"account": o.xpub(), "imported account": other, "private key": private,
	} {
		if strings.Contains(string(file), secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
}

func TestLogAsJSON(t *testing.T) {
	d := startDaemon(t, "--appdata", t.TempDir(), "--logformat=json", "--debuglevel=debug")
	d.await(t, `"msg":"RPC server listens"`)
	d.stop()
	d.end()
	for line := range strings.Lines(d.out.String()) {
		var record struct{ Time, Level, Msg, Subsystem string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Msg == "" || record.Subsystem == "" {
			t.Errorf("%q is no record: %v", line, err)
		}
	}
}
