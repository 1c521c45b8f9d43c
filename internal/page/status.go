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
	"github.com/spvd/spvd/spv"
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
	User    *userView // nil unless a user has logged in

	// Hidden is how many warnings are shown to users only: they may be about wallets.
	Hidden int

	// Interval is the time between two blocks on average.
	Interval time.Duration

	Style  template.CSS
	Script template.JS
}

// Since returns the time since a moment in words.
func (v pageView) Since(unix int64) string { return span(v.Now - unix) }

// frame returns the data of a page without a status.
func (s *Server) frame() pageView {
	return pageView{
		Now:      time.Now().Unix(),
		Started:  s.cfg.Started.Unix(),
		Network:  s.cfg.Network,
		Version:  s.cfg.Version,
		Interval: s.cfg.Interval,
		Style:    template.CSS(style), //nolint:gosec // ours
		Script:   template.JS(script), //nolint:gosec // ours
	}
}

// view returns the data of the page for a status: what every visitor sees, and what a user sees
// unless that is nil.
func (s *Server) view(st spv.Status, user *userView) pageView {
	v := s.frame()
	v.User, v.Peers, v.Rates = user, view.Peers(s.cfg.Pool.Infos()), s.rates.line()
	if user != nil && user.status != nil {
		v.Status = *user.status
		return v
	}
	public := view.WarningsOfChain(st.Warnings)
	v.Hidden = len(st.Warnings) - len(public)
	st.Warnings = public
	v.Status = view.SyncStatus(st, time.Now())
	return v
}

// policy is the content security policy of the page.
func policy() string {
	return "default-src 'none'; script-src " + source(script) + "; style-src " + source(style) +
		"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// source names an inline script or style in a policy.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// serveStatus serves the page.
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	user := s.userView(r.Context(), s.session(r), shownPage(r))
	s.servePage(w, http.StatusOK, "page", func() any { return s.view(s.cfg.Syncer.Status(), user) })
}

// servePage serves a page with an HTTP status, made by the template of a name with what data
// returns.
func (s *Server) servePage(w http.ResponseWriter, status int, name string, data func() any) {
	page, err := s.render(name, data)
	if err != nil {
		s.cfg.Log.Error("Status page not made", "err", err)
		http.Error(w, "internal error; the daemon's log has the details", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy())
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(page)
}

// render returns a template filled in with what data returns. Nothing of it waits while others
// wait for their turn: what a user sees was asked for before.
func (s *Server) render(name string, data func() any) ([]byte, error) {
	t, err := templates()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.inTurn(func() error { return t.ExecuteTemplate(&b, name, data()) }); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
