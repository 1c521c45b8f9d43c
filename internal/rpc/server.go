package rpc

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/localhost"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
)

// maxHeaderBytes bounds the headers of a request.
const maxHeaderBytes = 16 << 10

// Server answers JSON-RPC calls. Make one with New.
type Server struct {
	listeners  []net.Listener
	cookie     *cookie // nil without one
	auth       authenticator
	dispatcher *dispatcher
	hub        *feed.Hub
	limits     Limits
	log        *slog.Logger

	// A client takes a place of one of these for each POST request and websocket. Connections
	// that have not authenticated yet are in preauth, others that wait for a request in idle.
	requests, websockets places
	preauth              preauth
	idle                 idle

	sessions sessions
}

// New returns a server. It starts nothing and writes nothing.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure RPC server: %w", err)
	}
	limits := cfg.Limits.withDefaults()
	s := &Server{
		listeners: cfg.Listeners,
		dispatcher: &dispatcher{
			methods:    cfg.Methods,
			batch:      limits.Batch,
			replyBytes: limits.ReplyBytes,
			callTime:   limits.CallTime,
			log:        cfg.Log,
			turns:      make(slots, max(1, runtime.GOMAXPROCS(0)/2)),
			quick:      make(slots, max(1, runtime.GOMAXPROCS(0)/2)),
			memory:     memory{most: memoryBytes},
		},
		hub:        cfg.Methods.Core.Hub,
		limits:     limits,
		log:        cfg.Log,
		requests:   newPlaces(limits.Requests),
		websockets: newPlaces(limits.Websockets),
		preauth:    preauth{most: limits.Preauth, each: limits.PreauthEach},
		idle:       idle{most: limits.Idle},
	}
	s.auth.one, s.auth.proven = make(slots, 1), make(map[[sha256.Size]byte]*credential)
	admit := func(user, secret string, opens grant) {
		s.auth.credentials = append(s.auth.credentials, newCredential(user, secret, opens))
	}
	if cfg.Username != "" {
		admit(cfg.Username, cfg.Password, grant{access: fullAccess})
	}
	if cfg.ReadOnlyUsername != "" {
		admit(cfg.ReadOnlyUsername, cfg.ReadOnlyPassword, grant{access: readAccess})
	}
	for _, u := range cfg.WalletUsers {
		opens := grant{access: fullAccess, wallets: slices.Clone(u.Wallets)}
		if u.ReadOnly {
			opens.access = readAccess
		}
		admit(u.Name, u.Password, opens)
	}
	if cfg.CookiePath != "" {
		s.cookie = newCookie(cfg.CookiePath, cfg.CookieGroup)
		admit(api.CookieUser, s.cookie.secret, grant{access: fullAccess})
		s.auth.credentials[len(s.auth.credentials)-1].random = true
	}
	return s, nil
}

// Run serves clients until ctx ends, and then returns nil once every connection is closed and
// every goroutine has returned. It returns an error if the server cannot start or a listener
// fails. It can be called once: the listeners are closed when it returns.
func (s *Server) Run(ctx context.Context) error {
	defer s.closeListeners()
	if s.cookie != nil {
		if err := s.cookie.write(); err != nil {
			return err
		}
		defer s.removeCookie()
	}

	g, ctx := errgroup.WithContext(ctx)
	hs := s.httpServer(ctx)
	for _, l := range s.listeners {
		g.Go(func() error {
			if err := hs.Serve(s.preauth.guard(l)); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve RPC on %s: %w", l.Addr(), err)
			}
			return nil
		})
		s.log.Info("RPC server listens", "address", l.Addr())
	}
	g.Go(func() error {
		s.hub.Run(ctx)
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		s.drain(hs)
		return nil
	})
	return g.Wait()
}

// Addrs returns the addresses at which clients are served.
func (s *Server) Addrs() []net.Addr {
	list := make([]net.Addr, len(s.listeners))
	for i, l := range s.listeners {
		list[i] = l.Addr()
	}
	return list
}

// Close closes the listeners of a server whose Run is not going to be called.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// httpServer returns the HTTP server. Calls run under ctx.
func (s *Server) httpServer(ctx context.Context) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.servePost)
	mux.HandleFunc("POST "+api.WalletPath+"{wallet}", s.servePost)
	websocket := func(w http.ResponseWriter, r *http.Request) { s.serveWebsocket(ctx, w, r) }
	mux.HandleFunc("GET "+api.WebsocketPath, websocket)
	mux.HandleFunc("GET "+api.WalletPath+"{wallet}", websocket)
	return &http.Server{
		// A browser may have stored the password of a page on this server: no other page can
		// use it.
		Handler:           s.preauth.closing(localhost.Only(http.NewCrossOriginProtection().Handler(mux))),
		ReadHeaderTimeout: s.limits.AuthTime,
		ReadTimeout:       s.limits.MoveTime,
		WriteTimeout:      s.limits.CallTime + s.limits.MoveTime, // counts from the headers
		IdleTimeout:       s.limits.IdleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
		ConnState:         s.watch,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// watch tracks the state of a connection.
func (s *Server) watch(conn net.Conn, state http.ConnState) {
	s.preauth.watch(conn, state)
	s.idle.watch(belowTLS(conn), state)
}

// drain waits for running calls, which end because their context has ended, and for their
// replies, so that clients learn that the server stops. After the time of grace it cuts
// connections.
func (s *Server) drain(hs *http.Server) {
	grace, cancel := context.WithTimeout(context.Background(), s.limits.Grace)
	defer cancel()
	if err := hs.Shutdown(grace); err != nil {
		hs.Close()
	}
	s.sessions.drain(grace)
}

func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		l.Close() // an error if the HTTP server has closed it
	}
}

func (s *Server) removeCookie() {
	if err := s.cookie.remove(); err != nil {
		s.log.Warn("RPC cookie stays behind", "err", err)
	}
}
