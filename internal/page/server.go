package page

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/localhost"
	"github.com/spvd/spvd/internal/metrics"
	"github.com/spvd/spvd/internal/rpc/api"
)

// Bounds of what clients can use.
const (
	mostFollowers  = 32               // pages that are kept up to date at once
	headerTime     = 10 * time.Second // for request headers to arrive
	writeTime      = time.Minute      // for one answer, or one event of a page that is followed
	idleTime       = 2 * time.Minute  // for an unused connection
	grace          = time.Second      // for answers under way when the server stops
	maxHeaderBytes = 16 << 10
)

// Source is what the page shows. It may be called from any goroutine.
type Source interface {
	// Status returns the current status. It never blocks.
	Status() api.SyncStatus

	// Changes yields the current status if its Seq is greater than from, then
	// each newer one until ctx ends. Who is slow misses values in between,
	// never the newest.
	Changes(ctx context.Context, from uint64) iter.Seq[api.SyncStatus]

	// Alive reports whether the sync turns, whatever it gets done.
	Alive() bool

	// Peers returns the connected peers.
	Peers() []api.PeerInfo

	// Counts returns what the rooms of the daemon have counted.
	Counts() metrics.Counts
}

// Config is what a Server is made of. All fields but Profile are required.
type Config struct {
	Source  Source
	Log     *slog.Logger
	Network string // its name
	Version string // of the daemon
	Started time.Time

	// Listeners are what clients connect to. Run closes them.
	Listeners []net.Listener

	// Profile adds the profiles of the Go runtime.
	Profile bool
}

// Server shows the daemon. Make one with New.
type Server struct {
	cfg       Config
	followers chan struct{} // holds one value for each page that is followed
}

// New returns a server. It starts nothing.
func New(cfg Config) (*Server, error) {
	if cfg.Source == nil || cfg.Log == nil || len(cfg.Listeners) == 0 {
		return nil, errors.New("configure status page: source, log and listeners are required")
	}
	return &Server{cfg: cfg, followers: make(chan struct{}, mostFollowers)}, nil
}

// Run serves clients until ctx ends, and then returns nil once every
// connection is closed. It returns an error when a listener fails. It can be
// called once.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	hs := &http.Server{
		Handler:           localhost.Only(s.handler()),
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	for _, l := range s.cfg.Listeners {
		g.Go(func() error {
			if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve status page on %s: %w", l.Addr(), err)
			}
			return nil
		})
		s.cfg.Log.Info("Status page and metrics", "url", "http://"+l.Addr().String()+"/")
	}
	g.Go(func() error {
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := hs.Shutdown(bounded); err != nil {
			hs.Close()
		}
		return nil
	})
	return g.Wait()
}

// handler returns what answers requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveStatus)
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /metrics", s.serveMetrics)
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	if s.cfg.Profile {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// serveMetrics answers Prometheus.
func (s *Server) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", metrics.ContentType)
	err := metrics.Write(w, metrics.Facts{
		Status: s.cfg.Source.Status(), Peers: s.cfg.Source.Peers(), Counts: s.cfg.Source.Counts(),
		Version: s.cfg.Version, Started: s.cfg.Started,
	})
	if err != nil { // the client is gone
		s.cfg.Log.Debug("Metrics not sent", "err", err)
	}
}
