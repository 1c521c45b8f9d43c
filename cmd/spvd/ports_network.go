package main

import (
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/peer"
)

// networkPort lets the user steer the pool.
type networkPort struct{ pool *peer.Pool }

// AddPeer implements rpc.Network.
func (p networkPort) AddPeer(addr string) error { return p.pool.Add(addr) }

// RemovePeer implements rpc.Network.
func (p networkPort) RemovePeer(addr string) error { return p.pool.Remove(addr) }

// TryPeer implements rpc.Network.
func (p networkPort) TryPeer(addr string) error { return p.pool.Try(addr) }

// Disconnect implements rpc.Network.
func (p networkPort) Disconnect(id int64, addr string) error {
	if id != 0 {
		addr = ""
	}
	return p.pool.Disconnect(uint64(id), addr)
}

// AddedPeers implements rpc.Network.
func (p networkPort) AddedPeers() []string { return p.pool.Wanted() }

// Bans implements rpc.Network.
func (p networkPort) Bans() []api.Ban {
	now := time.Now()
	bans := p.pool.Bans()
	out := make([]api.Ban, len(bans))
	for i, b := range bans {
		out[i] = api.Ban{
			Address:       b.Addr,
			BanCreated:    unix(b.At),
			BannedUntil:   unix(b.Until),
			BanDuration:   int64(b.Until.Sub(b.At) / time.Second),
			TimeRemaining: int64(b.Until.Sub(now) / time.Second),
			Reason:        b.Reason.String(),
			Evidence:      b.Evidence,
		}
	}
	return out
}

// Ban implements rpc.Network.
func (p networkPort) Ban(addr string, d time.Duration) error { return p.pool.Ban(addr, d) }

// Unban implements rpc.Network.
func (p networkPort) Unban(addr string) error { return p.pool.Unban(addr) }

// Totals implements rpc.Network.
func (p networkPort) Totals() (received, sent uint64, at time.Time) {
	received, sent = p.pool.BytesTotal()
	return received, sent, time.Now()
}

// UserAgent implements rpc.Network.
func (p networkPort) UserAgent() string { return userAgent() }
