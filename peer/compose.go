package peer

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/manual"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/mixrelay"
	"github.com/spvd/spvd/peer/internal/outbound"
	"github.com/spvd/spvd/peer/internal/peersfile"
	"github.com/spvd/spvd/peer/internal/requests"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/peer/internal/seeds"
	"github.com/spvd/spvd/peer/internal/session"
	"github.com/spvd/spvd/peer/internal/syncpeers"
	"github.com/spvd/spvd/peer/internal/txrelay"
	"github.com/spvd/spvd/spv/p2p"
)

// compose makes the parts of the pool, which has its configuration, in the order in which they
// build on one another.
func (p *Pool) compose() {
	p.roster = new(roster.Roster)
	p.book = newBook(&p.cfg)
	p.file = peersfile.NewKeeper(peersfile.Deps{Log: p.cfg.Log, Now: p.cfg.Now, Path: p.cfg.File, Network: p.cfg.Params.Name})
	p.connectivity = connectivity.New(connectivity.Deps{
		Log:        p.cfg.Log,
		Rand:       p.cfg.Rand,
		ProbeEvery: p.cfg.probeEvery,
		Connected:  func() bool { return !p.roster.Empty() },
		Changed:    p.poke,
	})
	p.bans = misbehavior.NewTracker(misbehavior.Deps{
		Log:     p.cfg.Log,
		Now:     p.cfg.Now,
		For:     p.cfg.banFor,
		End:     p.endBanned,
		Lifted:  p.connectivity.Wake,
		Unsaved: p.file.Poke,
	})
	p.relay = txrelay.New(p.cfg.RelayTx, p.poke)
	p.requests = requests.New(requests.Deps{
		Genesis:     p.cfg.Params.GenesisHash,
		MaxRequests: p.cfg.maxRequests,
		MaxBytes:    p.cfg.maxBytes,
		Stall:       p.cfg.requestStall,
		Score:       func(host string) float64 { points, _ := p.bans.Score(host); return points },
		Blocks:      p.bans.Blocks,
		SetBlocks:   p.bans.SetBlocks,
		TimedOut:    func(host string) { p.bans.Charge(host, fault.Timeout) },
		Malformed:   func(id p2p.PeerID, err error) { p.convict(id, fault.Malformed, err) },
		LateReply:   p.poke,
	})
	connections := p.cfg.connections(p.relay, p.countDefect)
	if p.cfg.Mixing {
		p.mix = mixrelay.New()
		connections.Mix = p.mix
	}
	p.opener = conn.NewOpener(connections)
	p.composeDialling()
}

// composeDialling makes the parts that make connections.
func (p *Pool) composeDialling() {
	p.sessions = session.New(session.Deps{
		Log:          p.cfg.Log,
		Now:          p.cfg.Now,
		Dial:         p.cfg.Dial,
		Timeout:      p.cfg.DialTimeout,
		Onion:        p.cfg.Onion,
		Opener:       p.opener,
		AskTxs:       p.relay.AsksPeers,
		AskAddresses: p.wantsAddresses,
		Network:      p.connectivity,
		Book:         p.book,
		Bans:         p.bans,
		Roster:       p.roster,
		Join:         p.join,
		Leave:        p.leave,
		Handler:      p.handler,
	})
	p.manual = manual.New(manual.Deps{
		Log:         p.cfg.Log,
		Rand:        p.cfg.Rand,
		DefaultPort: p.cfg.Params.DefaultPort,
		Backoff:     dialing.Backoff{Min: p.cfg.retryMin, Max: p.cfg.retryMax, Refused: p.cfg.retryRefused},
		Network:     p.connectivity,
		Bans:        p.bans,
		Roster:      p.roster,
		Reachable:   p.sessions.Reachable,
		Testing:     func(host string) bool { return p.outbound.Testing(host) },
		Serve: func(ctx context.Context, addr string, role Role, dialled func()) (time.Duration, *fault.Error) {
			return p.sessions.Serve(ctx, session.Plan{Addr: addr, Role: role, Dialled: dialled})
		},
	})
	p.outbound = outbound.New(outbound.Deps{
		Log:       p.cfg.Log,
		Rand:      p.cfg.Rand,
		Wanted:    p.cfg.Outbound,
		BlockTime: p.cfg.blockTime(),

		LowBandwidth: p.cfg.LowBandwidth,

		Network: p.connectivity,
		Book:    p.book,
		Bans:    p.bans,
		Roster:  p.roster,
		Manual:  p.manual,
		Serve: func(ctx context.Context, addr string, role Role, dialled func(), joined func(*roster.Peer)) (time.Duration, *fault.Error) {
			return p.sessions.Serve(ctx, session.Plan{Addr: addr, Role: role, Dialled: dialled, Joined: joined})
		},
		Test: p.sessions.Test,
	})
	p.peers = syncpeers.New(syncpeers.Deps{
		Network:  p.connectivity,
		Bans:     p.bans,
		Roster:   p.roster,
		Requests: p.requests,
		Relay:    p.relay,
		Outbound: p.outbound,
		Changed:  p.changed,
		Defects:  func() int { return int(p.defects.Load()) },
		Convict:  p.convict,
		Fault:    p.fault,
		Renew:    p.renewOne,
	})
	p.seeder = seeds.NewAsker(seeds.Deps{
		Log:      p.cfg.Log,
		Now:      p.cfg.Now,
		Rand:     p.cfg.Rand,
		Seeders:  p.cfg.Seeders,
		Roots:    p.cfg.SeederRoots,
		Dial:     p.sessions.Connect,
		Pause:    p.connectivity.Pause,
		Need:     p.outbound.SeedNeed,
		Answered: func() { p.connectivity.Dialled(true) },
		Learn:    p.learn,
		Defect:   p.countDefect,
	})
}

// Peers returns the peers as the syncer uses them, for spv.Config. There is one such value, whose
// Changed has one reader.
func (p *Pool) Peers() *syncpeers.Peers { return p.peers }

// newBook returns an empty book for a complete configuration. On a simulation network it accepts
// addresses that are not routed publicly, and treats all ports alike.
func newBook(cfg *Config) *addrbook.Guarded {
	book := addrbook.Config{Onion: cfg.Onion, Local: cfg.Params.Net == wire.SimNet && !cfg.routedOnly}
	if port, err := strconv.ParseUint(cfg.Params.DefaultPort, 10, 16); err == nil && !book.Local {
		book.Port = uint16(port)
	}
	return addrbook.NewGuarded(book, rand.New(rand.NewPCG(cfg.Rand(), cfg.Rand())), cfg.Now)
}

// restore restores the state that the last process has kept in the peers file.
func (p *Pool) restore(s peersfile.State) {
	p.book.Restore(s.Addresses)
	p.outbound.Restore(s.Anchors)
	p.bans.Restore(s.Bans)
	for _, addr := range p.manual.Addrs() {
		if left := p.bans.Left(addr, addrbook.HostOf(addr)); left > 0 {
			p.cfg.Log.Warn("Peer of the settings is banned: it is not dialled before the ban ends or is lifted by unban",
				"addr", addr, "until", p.cfg.Now().Add(left).Format(time.RFC3339))
		}
	}
}

// join lists a peer. It can be sent requests before others can find it.
func (p *Pool) join(m *roster.Peer) {
	p.roster.Join(m, func() { p.requests.Join(m) })
	p.outbound.Poke()
	p.poke()
}

// leave removes a peer whose connection has ended.
func (p *Pool) leave(m *roster.Peer) {
	p.requests.Leave(m)
	p.roster.Leave(m)
	p.relay.Left(m.ID)
	if p.mix != nil {
		p.mix.Left(m.ID)
	}
	p.poke()
}

// handler returns the functions by which a connection reports what its peer does.
func (p *Pool) handler(m *roster.Peer) conn.Handler {
	return conn.Handler{
		Announced: p.poke,
		Addresses: func(list []addrbook.Announced) { p.learn(m.Addr, list) },
		Late:      func(r *conn.Request, payload []byte) { p.requests.Replied(m, r, payload) },
		Fault:     func(r fault.Reason, err error) { p.fault(m, r, err) },
	}
}

// learn adds addresses that a source announces to the book, and returns how many were new.
func (p *Pool) learn(source string, list []addrbook.Announced) int {
	added := p.book.Learn(source, list)
	if added > 0 {
		p.outbound.Poke()
	}
	return added
}

// countDefect counts a panic over data of a peer or a seeder.
func (p *Pool) countDefect() {
	p.defects.Add(1)
	p.poke()
}

// wantsAddresses reports whether a peer is asked for the addresses of other nodes. On the simulation
// network nodes do not answer that.
func (p *Pool) wantsAddresses() bool {
	if !p.cfg.choosesOutbound() || p.cfg.Params.Net == wire.SimNet {
		return false
	}
	tested, untested := p.book.Len()
	return !p.cfg.LowBandwidth || tested+untested < enoughAddrs
}
