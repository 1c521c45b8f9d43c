package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/rpc/api"
)

func TestHashPassword(t *testing.T) {
	race.Skip(t)
	got := spvctl(t, "open sesame\n", "hashpassword", "-")
	if hash := strings.TrimSpace(got.out); got.code != exitOK || !password.Matches(hash, "open sesame") {
		t.Errorf("%+v", got)
	}
	got = spvctl(t, "", "hashpassword")
	words := strings.Fields(got.out)
	if got.code != exitOK || len(words) != 4 || len(words[1]) != 32 || !password.Matches(words[3], words[1]) {
		t.Errorf("%+v", got)
	}
	for want, in := range map[string][]string{
		"visible to others": {"", "hashpassword", "secret"},
		"is empty":          {"\n", "hashpassword", "-"},
		"a hash already":    {words[3] + "\n", "hashpassword", "-"},
	} {
		if got := spvctl(t, in[0], in[1:]...); got.code != exitUsage || !strings.Contains(got.err, want) {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

// TestTheCookieStandsForAHashedPassword: the hash in the daemon's configuration is of no use to us.
func TestTheCookieStandsForAHashedPassword(t *testing.T) {
	dir := t.TempDir()
	hash := "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$MGoh2Ym969nMJuWoRTjFXPmoi5ptqegZ9PzZ3FTIVOM"
	cookie := filepath.Join(dir, "simnet", api.CookieFile)
	for name, content := range map[string]string{
		filepath.Join(dir, api.ConfigFile): "username = u\npassword = " + hash + "\nsimnet = true\nnotls = true\n",
		cookie:                             api.CookieUser + ":fresh",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := options{}
	o.AppData = path(dir)
	target, err := o.target()
	if err != nil || target.user != api.CookieUser || target.password != "fresh" {
		t.Errorf("%+v, %v", target, err)
	}
}
