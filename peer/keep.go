package peer

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
)

// keep stays connected with one address until ctx ends: it dials, serves the
// connection, and pauses before it dials again.
func (p *Pool) keep(ctx context.Context, addr string, role Role) {
	defer p.retire(1)
	pauses := backoff{min: p.cfg.RetryMin, max: p.cfg.RetryMax, refused: p.cfg.RetryRefused}
	var told fault.Reason // the last reason that was logged above the debug level
	for {
		pause := p.banned(addr)
		if pause <= 0 {
			done, ok := p.gate(ctx)
			if !ok {
				return
			}
			lived, why := p.session(ctx, addr, role, nil, done)
			if ctx.Err() != nil {
				return
			}
			pause = pauses.after(why.Reason, lived, p.cfg.Rand())
			if online, _ := p.online(); !online {
				pause = 0 // the gate paces the dials
			}
			told = p.tell(why, told, lived, pause)
		}
		if !p.pause(ctx, pause) {
			return
		}
	}
}

// session makes one connection and serves it to its end. It returns how long it was served
// and why it ended or failed. It calls dialled once the connection is made or has failed. The
// slot is that of an outbound connection, else nil.
func (p *Pool) session(ctx context.Context, addr string, role Role, s *slot, dialled func()) (time.Duration, *fault.Error) {
	p.countDials(1)
	c, err := p.dial(ctx, addr)
	if err != nil {
		p.countDials(-1)
		why := fault.Of(addr, err, fault.Network(err))
		if ctx.Err() == nil {
			p.dialed(why.Reason != fault.DialFailed)
		}
		dialled()
		p.blame(addr, why)
		p.judgeAddress(addr, why, 0)
		return 0, why
	}
	p.dialed(true)
	dialled()
	p.book.Worked(addr, uint64(c.remote.services))
	begin := time.Now()
	if s != nil && s.purpose == dialing.Search {
		role = Search
	}
	m := p.join(c, role, s)
	p.countDials(-1)
	p.cfg.Log.Info("Connected to peer", "addr", addr, "id", c.id, "role", role.String(), "agent", c.remote.agent,
		"version", c.remote.pver, "height", c.remote.height)
	if p.choosesOutbound() && p.cfg.Params.Net != wire.SimNet {
		c.askAddresses()
	}
	why := c.run(ctx)
	p.leave(m)
	p.blame(addr, why)
	lived := time.Since(begin)
	p.judgeAddress(addr, why, lived)
	return lived, why
}

// dial connects to an address and performs the handshake.
func (p *Pool) dial(ctx context.Context, addr string) (*conn, error) {
	raw, err := p.connect(ctx, addr)
	if err != nil {
		return nil, fault.New(fault.DialFailed, err)
	}

	nc := newMetered(raw, &p.total)
	frames := newFrameReader(nc, p.cfg.Params.Net, maxVersion)
	frames.in = new(handshakeBytes)
	relayTx := p.relay.AsksPeers()
	nonce := p.addNonce()
	defer p.dropNonce(nonce)
	shakeCtx, cancel := context.WithTimeout(ctx, p.cfg.HandshakeTimeout)
	defer cancel()
	var r remote
	err = p.contain(addr, func() (err error) {
		r, err = shake(shakeCtx, nc, frames, hello{
			net:     p.cfg.Params.Net,
			agent:   p.cfg.UserAgent,
			relayTx: relayTx,
			nonce:   nonce,
			ours:    p.hasNonce,
			now:     p.cfg.Now,
		})
		return err
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	c := newConn(&p.cfg, addr, nc, frames, r)
	c.relayTx = relayTx
	return c, nil
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

// tell logs why there is no connection, at the debug level if the reason is the one that was
// logged last. It returns the reason.
func (p *Pool) tell(why *fault.Error, told fault.Reason, lived, pause time.Duration) fault.Reason {
	level := slog.LevelWarn
	if lived == 0 && why.Reason == told {
		level = slog.LevelDebug
	}
	p.cfg.Log.Log(context.Background(), level, "No connection to peer", "addr", why.Peer, "reason", why.Detail(),
		"retry", pause.Round(time.Second))
	return why.Reason
}

func (p *Pool) addNonce() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	nonce := p.cfg.Rand()
	p.nonces[nonce] = struct{}{}
	return nonce
}

func (p *Pool) dropNonce(nonce uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.nonces, nonce)
}

func (p *Pool) hasNonce(nonce uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.nonces[nonce]
	return ok
}
