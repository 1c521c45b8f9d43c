package rpctest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// now is the time it always is.
const now = 1600000360

// network is a network with one peer, 192.0.2.1:9108, one that was added and one
// that is banned. It keeps what it is told.
type network struct {
	mu    sync.Mutex
	added []string
	bans  []api.Ban
}

func newNetwork() *network {
	return &network{
		added: []string{"192.0.2.1:9108"},
		bans: []api.Ban{{
			Address: "192.0.2.99:9108", BanCreated: now - 3600, BannedUntil: now - 3600 + 86400, BanDuration: 86400,
			TimeRemaining: 86400 - 3600, Reason: "invalid data", Evidence: "header 1000: the proof of work is insufficient",
		}},
	}
}

// AddPeer implements rpc.Network.
func (n *network) AddPeer(addr string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.added, addr) {
		return fmt.Errorf("add peer %s: peer was added already", addr)
	}
	n.added = append(n.added, addr)
	return nil
}

// RemovePeer implements rpc.Network.
func (n *network) RemovePeer(addr string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.added, addr)
	if i < 0 {
		return fmt.Errorf("remove peer %s: no such peer", addr)
	}
	n.added = slices.Delete(n.added, i, i+1)
	return nil
}

// TryPeer implements rpc.Network.
func (n *network) TryPeer(addr string) error {
	if strings.HasSuffix(addr, ":0") {
		return fmt.Errorf("peer address %q: bad port", addr)
	}
	return nil
}

// Disconnect implements rpc.Network.
func (n *network) Disconnect(id int64, addr string) error {
	if id == 7 || addr == "192.0.2.1:9108" {
		return nil
	}
	return errors.New("no such peer")
}

// AddedPeers implements rpc.Network.
func (n *network) AddedPeers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.added)
}

// Bans implements rpc.Network.
func (n *network) Bans() []api.Ban {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.bans)
}

// Ban implements rpc.Network.
func (n *network) Ban(addr string, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	seconds := int64(d / time.Second)
	n.bans = append(n.bans, api.Ban{Address: addr, BanCreated: now, BannedUntil: now + seconds, BanDuration: seconds,
		TimeRemaining: seconds, Reason: "banned by the user"})
	return nil
}

// Unban implements rpc.Network.
func (n *network) Unban(addr string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.bans, func(b api.Ban) bool { return b.Address == addr })
	if i < 0 {
		return fmt.Errorf("unban %s: address is not banned", addr)
	}
	n.bans = slices.Delete(n.bans, i, i+1)
	return nil
}

// Totals implements rpc.Network.
func (n *network) Totals() (received, sent uint64, at time.Time) {
	return 200000, 1000, time.Unix(now, 0)
}

// UserAgent implements rpc.Network.
func (n *network) UserAgent() string { return "/spvd:1.2.3/" }
