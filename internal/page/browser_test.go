//go:build browser

package page_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// browser returns the program of a Chromium. These tests are run on demand
// (make page) because they need one, so its absence is a failure.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no chromium: install it, for example with apt-get install chromium")
	return ""
}

// screenshot loads the page without a window and returns the picture and what
// the browser logs.
func screenshot(t *testing.T, url string) (picture image.Image, log string) {
	t.Helper()
	name := os.Getenv("SPVD_SCREENSHOT")
	if name == "" {
		name = filepath.Join(t.TempDir(), "page.png")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--enable-logging=stderr", "--window-size=900,1000", "--timeout=5000",
		"--user-data-dir="+t.TempDir(), "--screenshot="+name, url)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err = png.Decode(f); err != nil {
		t.Fatal(err)
	}
	return picture, stderr.String()
}

// aged is a source whose page is out of date as soon as it is loaded: only
// events tell of trouble.
type aged struct{ source }

// Status implements page.Source.
func (aged) Status() api.SyncStatus { return rpctest.SyncedStatus() }

// TestBrowserFollowsThePage demands that the script runs under the policy and
// shows what events bring.
func TestBrowserFollowsThePage(t *testing.T) {
	d := rpctest.New()
	d.SetStatus(troubled())
	picture, log := screenshot(t, startOf(t, aged{of(d)}, false))
	if strings.Contains(log, complaint) {
		t.Errorf("the browser complains:\n%s", log)
	}
	look(t, picture)
}

// complaint is in the log of a browser that a policy keeps from something.
const complaint = "Content Security Policy"

// TestPageWithoutScripts blocks them by a second policy.
func TestPageWithoutScripts(t *testing.T) {
	d := rpctest.New()
	d.SetStatus(troubled())
	target, err := url.Parse(start(t, d, false))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Add("Content-Security-Policy", "script-src 'none'")
		return nil
	}
	s := httptest.NewServer(proxy)
	defer s.Close()
	picture, log := screenshot(t, s.URL)
	if !strings.Contains(log, complaint) {
		t.Errorf("the browser does not say that it blocks the script:\n%s", log)
	}
	look(t, picture)
}

// look demands colours of the page's own style in a picture of trouble.
func look(t *testing.T, picture image.Image) {
	t.Helper()
	type colour struct{ r, g, b uint32 }
	seen := make(map[colour]int)
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[colour{r >> 8, g >> 8, b >> 8}]++
		}
	}
	for what, c := range map[string]colour{"warnings": {0xbf, 0x87, 0x00}, "progress": {0x29, 0x70, 0xff}} {
		if seen[c] < 100 {
			t.Errorf("the colour of %s is in %d pixels", what, seen[c])
		}
	}
}
