//go:build browser

package page_test

import (
	"bytes"
	"context"
	"fmt"
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

	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
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

// The windows that the page is looked at in.
const (
	desktop = "--window-size=1000,1250"
	phone   = "--window-size=390,1900"
)

// dark makes the browser prefer dark colours.
const dark = "--blink-settings=preferredColorScheme=0"

// screenshot loads the page without a window and returns the picture and what
// the browser logs. With SPVD_SCREENSHOTS, a directory, the picture is kept there.
func screenshot(t *testing.T, url string, flags ...string) (picture image.Image, log string) {
	t.Helper()
	dir := os.Getenv("SPVD_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	name := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".png")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	flags = append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--enable-logging=stderr", "--timeout=5000",
		"--user-data-dir="+t.TempDir(), "--screenshot="+name, url)
	cmd := exec.CommandContext(ctx, browser(t), flags...)
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

// aged is a daemon whose page is out of date as soon as it is loaded: only
// events tell of trouble.
type aged struct{ *daemon }

// Status implements page.Syncer.
func (aged) Status() spv.Status { return synced() }

// TestBrowserFollowsThePage demands that the script runs under the policy and
// shows what events bring.
func TestBrowserFollowsThePage(t *testing.T) {
	d := newDaemon()
	d.show(troubled())
	url := startOf(t, aged{d}, d, false)
	var missing []string
	for range pictures {
		picture, log := screenshot(t, url, desktop)
		if strings.Contains(log, complaint) {
			t.Fatalf("the browser complains:\n%s", log)
		}
		if missing = look(picture); len(missing) == 0 {
			return
		}
	}
	t.Errorf("no events in %d pictures; in the last one %v", pictures, missing)
}

// pictures is how many are taken of what comes after the page: the browser takes
// one when the page is there, and waits for no event.
const pictures = 10

// complaint is in the log of a browser that a policy keeps from something.
const complaint = "Content Security Policy"

// TestPageWithoutScripts blocks them by a second policy.
func TestPageWithoutScripts(t *testing.T) {
	d := newDaemon()
	d.show(troubled())
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
	picture, log := screenshot(t, s.URL, desktop)
	if !strings.Contains(log, complaint) {
		t.Errorf("the browser does not say that it blocks the script:\n%s", log)
	}
	for _, what := range look(picture) {
		t.Error(what)
	}
}

// TestBrowserLooks looks at the page as it is shown on desktops and telephones, by
// day and by night, synced and in trouble.
func TestBrowserLooks(t *testing.T) {
	for name, flags := range map[string][]string{
		"desktop": {desktop}, "phone": {phone}, "desktop-dark": {desktop, dark}, "phone-dark": {phone, dark},
	} {
		for state, st := range map[string]spv.Status{"synced": synced(), "troubled": troubled()} {
			t.Run(state+"-"+name, func(t *testing.T) {
				d := newDaemon()
				d.show(st)
				d.peers = crowd(d.peers)
				picture, _ := screenshot(t, start(t, d, false), flags...)
				back, card := colour{0xf4, 0xf6, 0xf9}, colour{0xff, 0xff, 0xff}
				if strings.HasSuffix(name, "dark") {
					back, card = colour{0x0f, 0x14, 0x1a}, colour{0x19, 0x21, 0x2b}
				}
				seen := colours(picture)
				if seen[back] < 10_000 || seen[card] < 100_000 {
					t.Errorf("%d pixels of the page and %d of its cards are seen", seen[back], seen[card])
				}
				// What is wider than the window would push the margin out.
				for y := range picture.Bounds().Dy() {
					if at := at(picture, picture.Bounds().Dx()-4, y); at != back {
						t.Fatalf("the page is wider than the window: %v in line %d", at, y)
					}
				}
			})
		}
	}
}

// crowd returns as many peers as a daemon has, like the first one.
func crowd(peers []peer.Info) []peer.Info {
	for n := range 7 {
		p := peers[len(peers)-1]
		p.ID++
		p.Addr = []string{"198.51.100.7:9108", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:9108",
			"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:9108"}[n%3]
		p.Ping, p.Rate, p.Role = time.Duration(20+17*n)*time.Millisecond, float64(90_000*n), peer.Outbound
		peers = append(peers, p)
	}
	return peers
}

type colour struct{ r, g, b uint32 }

// at returns the colour of a pixel.
func at(picture image.Image, x, y int) colour {
	r, g, b, _ := picture.At(x, y).RGBA()
	return colour{r >> 8, g >> 8, b >> 8}
}

// colours counts the pixels of each colour.
func colours(picture image.Image) map[colour]int {
	seen := make(map[colour]int)
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			seen[at(picture, x, y)]++
		}
	}
	return seen
}

// look demands colours of the page's own style in a picture of trouble.
func look(picture image.Image) (missing []string) {
	seen := colours(picture)
	for what, c := range map[string]colour{"warnings": {0xbf, 0x87, 0x00}, "progress": {0x29, 0x70, 0xff}} {
		if seen[c] < 100 {
			missing = append(missing, fmt.Sprintf("the colour of %s is in %d pixels", what, seen[c]))
		}
	}
	return missing
}
