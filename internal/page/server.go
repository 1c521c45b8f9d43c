package page

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/localhost"
	"github.com/spvd/spvd/internal/metrics"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/peer/serve"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// Limits on clients.
const (
	mostFollowers  = 32               // pages that are kept up to date at once, of users and of all others
	mostGuests     = 128              // connections from this machine, or from all others together
	mostOfSource   = 16               // connections from one other address, or one /64 network of IPv6
	headerTime     = 10 * time.Second // for request headers to arrive
	writeTime      = time.Minute      // for one answer, or one event of a page that is followed
	idleTime       = 2 * time.Minute  // for an unused connection
	grace          = time.Second      // for answers that are being sent when the server stops
	maxHeaderBytes = 16 << 10
)

// Core holds the sources of the page. All fields but Server are required.
type Core struct {
	// Login returns the user with a name and password, which have come from the remote address
	// HOST:PORT. The error is a sentence for the user; after too many wrong passwords it has a
	// method RetryAfter, which returns a time.Duration.
	Login func(ctx context.Context, address, name, password string) (User, error)

	Syncer  Syncer
	Pool    Pool
	Wallets *wallet.Set

	// Server serves other light clients; nil if none are served.
	Server *serve.Server

	// Calls returns the counts of JSON-RPC.
	Calls func() []api.MethodCalls

	// Store is the file of the chain.
	Store string

	// Alive reports whether the loop of the syncer runs, whatever it achieves.
	Alive func() bool
}

// User is a user who has logged in. *rpc.Visitor is one.
type User interface {
	// Call calls a method of JSON-RPC for a wallet, with the rights of the user, and decodes the
	// result. Without the name of a wallet it is the user's own one.
	Call(ctx context.Context, wallet, method string, result any, params ...any) error
}

// Syncer is where the page reads the status. *spv.Syncer is one.
type Syncer interface {
	Status() spv.Status
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
}

// Pool is where the page reads about peers. *peer.Pool is one.
type Pool interface {
	Infos() []peer.Info
	Bans() []peer.Ban
	BytesTotal() (received, sent uint64)
}

// status returns the current status.
func (c *Core) status() api.SyncStatus { return view.SyncStatus(c.Syncer.Status(), time.Now()) }

// counts returns the counters of all parts of the daemon.
func (c *Core) counts() metrics.Counts {
	var n metrics.Counts
	n.Received, n.Sent = c.Pool.BytesTotal()
	n.Bans = len(c.Pool.Bans())
	if info, err := os.Stat(c.Store); err == nil {
		n.StoreBytes = info.Size()
	}
	n.Serving = view.Serving(c.Server)
	n.Calls = c.Calls()
	list, _ := c.Wallets.List() // without the directory there are no wallets
	n.Wallets = make(map[string]int)
	st := c.Syncer.Status()
	for _, listed := range list {
		n.Wallets[view.WalletState(listed)]++
		w, err := c.Wallets.Wallet(listed.Name)
		if err != nil { // it is closed
			continue
		}
		for _, j := range w.Jobs(st.Tip.Height, true) {
			switch {
			case j.Over():
			case j.State == wallet.JobQueued:
				n.JobsQueued++
			default:
				n.JobsRunning++
			}
		}
	}
	return n
}

// Config is the configuration of a Server. All fields but TLS and Profile are required.
type Config struct {
	Core
	Log     *slog.Logger
	Network string // its name
	Version string // of the daemon
	Started time.Time

	// Interval is the time between two blocks of the network on average.
	Interval time.Duration

	// Listeners accept the clients. Run closes them.
	Listeners []net.Listener

	// TLS is the configuration of TLS; nil means plain text. Users log in over TLS, and in plain
	// text on loopback addresses.
	TLS *tls.Config

	// Profile adds the profiles of the Go runtime.
	Profile bool
}

// Server serves the page. Make one with New.
type Server struct {
	cfg    Config
	guests connLimit
	rates  rates

	// followers holds one value for each page that is followed, members that of users.
	followers, members chan struct{}

	turns    chan struct{} // holds one value for each answer that is being made
	sessions sessions
}

// New returns a server. It starts nothing.
func New(cfg Config) (*Server, error) {
	if cfg.Syncer == nil || cfg.Pool == nil || cfg.Wallets == nil || cfg.Alive == nil || cfg.Calls == nil || cfg.Login == nil || cfg.Log == nil || len(cfg.Listeners) == 0 {
		return nil, errors.New("configure status page: core, log and listeners are required")
	}
	return &Server{
		cfg: cfg, turns: newTurns(), followers: make(chan struct{}, mostFollowers), members: make(chan struct{}, mostFollowers),
	}, nil
}

// newTurns returns room for the answers that are made at once, as many as half of the processors:
// clients need no password, and leave the others to the sync.
func newTurns() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) }

// inTurn makes an answer when there is room. Who reads an answer slowly holds none.
func (s *Server) inTurn(answer func() error) error {
	s.turns <- struct{}{}
	defer func() { <-s.turns }()
	return answer()
}

// Run serves clients until ctx ends, and then returns nil once every connection is closed. It
// returns an error if a listener fails. It can be called once.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	hs := &http.Server{
		// A browser sends the cookie of a session with requests that other pages have made.
		Handler:           localhost.Only(http.NewCrossOriginProtection().Handler(s.handler())),
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	for _, l := range s.cfg.Listeners {
		g.Go(func() error {
			if err := hs.Serve(s.secured(s.guests.guard(l))); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve status page on %s: %w", l.Addr(), err)
			}
			return nil
		})
		s.cfg.Log.Info("Status page and metrics", "url", s.scheme()+"://"+l.Addr().String()+"/")
	}
	g.Go(func() error {
		s.sampleRates(ctx)
		return nil
	})
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

// secured returns a listener with TLS around another one, if there is TLS. Connections are
// counted from their begin, before the client has said anything.
func (s *Server) secured(l net.Listener) net.Listener {
	if s.cfg.TLS == nil {
		return l
	}
	return tls.NewListener(l, s.cfg.TLS)
}

// scheme returns how addresses of the page begin.
func (s *Server) scheme() string {
	if s.cfg.TLS == nil {
		return "http"
	}
	return "https"
}

// handler returns the handler of all requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveStatus)
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET "+loginPath, s.serveLogin)
	mux.HandleFunc("POST "+loginPath, s.logIn)
	mux.HandleFunc("POST "+logoutPath, s.logOut)
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
	var b bytes.Buffer
	err := s.inTurn(func() error {
		return metrics.Write(&b, metrics.Facts{
			Status: s.cfg.status(), Peers: view.Peers(s.cfg.Pool.Infos()), Counts: s.cfg.counts(),
			Process: metrics.ReadProcess(), Version: s.cfg.Version, Started: s.cfg.Started,
		})
	})
	if err == nil {
		_, err = b.WriteTo(w)
	}
	if err != nil { // the client has disconnected
		s.cfg.Log.Debug("Metrics not sent", "err", err)
	}
}
