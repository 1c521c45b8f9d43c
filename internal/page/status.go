package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
)

// The parts of the page. Style and script are inlined, so that the page loads nothing else.
var (
	//go:embed status.html
	pageText string

	//go:embed status.css
	style string

	//go:embed status.js
	script string
)

// pageView is the data of the templates.
type pageView struct {
	Status  api.SyncStatus
	Peers   []api.PeerInfo
	Now     int64 // when it was made, in Unix seconds
	Started int64
	Network string
	Version string
	Rates   *rateLine // nil until it is known

	// Interval is the time between two blocks on average.
	Interval time.Duration

	Style  template.CSS
	Script template.JS
}

// Since returns the time since a moment in words.
func (v pageView) Since(unix int64) string { return span(v.Now - unix) }

// view returns the data of the page for a status.
func (s *Server) view(st api.SyncStatus) pageView {
	return pageView{
		Status:   st,
		Peers:    view.Peers(s.cfg.Pool.Infos()),
		Now:      time.Now().Unix(),
		Started:  s.cfg.Started.Unix(),
		Network:  s.cfg.Network,
		Version:  s.cfg.Version,
		Rates:    s.rates.line(),
		Interval: s.cfg.Interval,
		Style:    template.CSS(style), //nolint:gosec // ours
		Script:   template.JS(script), //nolint:gosec // ours
	}
}

// policy is the content security policy of the page.
func policy() string {
	return "default-src 'none'; script-src " + source(script) + "; style-src " + source(style) +
		"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// source names an inline script or style in a policy.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// serveStatus serves the page.
func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	page, err := s.render("page", s.cfg.status())
	if err != nil {
		s.cfg.Log.Error("Status page not made", "err", err)
		http.Error(w, "internal error; the daemon's log has the details", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.Write(page)
}

// render returns a template filled in for a status.
func (s *Server) render(name string, st api.SyncStatus) ([]byte, error) {
	t, err := templates()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.inTurn(func() error { return t.ExecuteTemplate(&b, name, s.view(st)) }); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
