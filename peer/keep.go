package peer

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
)

// keep stays connected with one address until ctx ends: it dials, serves the
// connection, and pauses before it dials again.
func (p *Pool) keep(ctx context.Context, addr string, role Role) {
	defer p.connectivity.AddDialers(-1)
	pauses := dialing.Backoff{Min: p.cfg.retryMin, Max: p.cfg.retryMax, Refused: p.cfg.retryRefused}
	var logged fault.Reason // the last reason that was logged above the debug level
	for {
		pause := p.bans.Left(addr, addrbook.HostOf(addr))
		if pause <= 0 {
			done, ok := p.connectivity.Gate(ctx)
			if !ok {
				return
			}
			lived, why := p.session(ctx, addr, role, nil, done)
			if ctx.Err() != nil {
				return
			}
			pause = pauses.After(why.Reason, lived, p.cfg.Rand())
			if online, _ := p.connectivity.Up(); !online {
				pause = 0 // the gate paces the dials
			}
			logged = p.logLost(why, logged, lived, pause)
		}
		if !p.connectivity.Pause(ctx, pause) {
			return
		}
	}
}

// session makes one connection and serves it to its end. It returns how long it was served
// and why it ended or failed. It calls dialled once the connection is made or has failed. The
// slot is that of an outbound connection, else nil.
func (p *Pool) session(ctx context.Context, addr string, role Role, s *slot, dialled func()) (time.Duration, *fault.Error) {
	p.connectivity.Begin()
	c, err := p.dial(ctx, addr)
	if err != nil {
		p.connectivity.End()
		why := fault.Of(addr, err, fault.Network(err))
		if ctx.Err() == nil {
			p.connectivity.Dialled(why.Reason != fault.DialFailed)
		}
		dialled()
		p.bans.Blame(addr, why)
		p.judgeAddress(addr, why, 0)
		return 0, why
	}
	p.connectivity.Dialled(true)
	dialled()
	p.book.Worked(addr, uint64(c.Services()))
	begin := time.Now()
	if s != nil && s.purpose == dialing.Search {
		role = Search
	}
	claims := c.Stats()
	m := p.join(c, addr, role, s)
	p.connectivity.End()
	p.cfg.Log.Info("Connected to peer", "addr", addr, "id", m.id, "role", role.String(), "agent", claims.UserAgent,
		"version", claims.Version, "height", claims.StartingHeight)
	if p.choosesOutbound() && p.cfg.Params.Net != wire.SimNet {
		c.AskAddresses()
	}
	why := c.Run(ctx, m.id, p.handler(m))
	p.leave(m)
	p.bans.Blame(addr, why)
	lived := time.Since(begin)
	p.judgeAddress(addr, why, lived)
	return lived, why
}

// dial connects to an address and performs the handshake.
func (p *Pool) dial(ctx context.Context, addr string) (*conn.Conn, error) {
	nc, err := p.connect(ctx, addr)
	if err != nil {
		return nil, fault.New(fault.DialFailed, err)
	}
	return p.opener.Open(ctx, nc, addr, p.relay.AsksPeers())
}

// connect makes every connection of the pool, to peers and to seeders, at the pace of package
// dialing, so that no peer, address or setting makes it dial more often. Names of Tor
// services are not passed to a dialler that would look them up.
func (p *Pool) connect(ctx context.Context, addr string) (net.Conn, error) {
	if err := p.reachable(addr); err != nil {
		return nil, err
	}
	p.mu.Lock()
	turn := p.pace.Reserve(time.Now())
	p.mu.Unlock()
	if err := wait.For(ctx, turn); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.DialTimeout)
	defer cancel()
	return p.cfg.Dial(ctx, "tcp", addr)
}

// logLost logs why there is no connection, at the debug level if the reason is the one that was
// logged last. It returns the reason.
func (p *Pool) logLost(why *fault.Error, logged fault.Reason, lived, pause time.Duration) fault.Reason {
	level := slog.LevelWarn
	if lived == 0 && why.Reason == logged {
		level = slog.LevelDebug
	}
	p.cfg.Log.Log(context.Background(), level, "No connection to peer", "addr", why.Peer, "reason", why.Detail(),
		"retry", pause.Round(time.Second))
	return why.Reason
}
