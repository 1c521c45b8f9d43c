package peer

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// mute is a node that goes silent after its handshake, as one behind a connection that is dead
// without either end knowing.
func mute(n *peertest.Node) { n.Welcome(); n.Drain() }

// TestNetworkChanged: a connection that is dead is ended 5 seconds after the network has changed,
// one that works is kept, and what waits to be dialled is dialled at once.
func TestNetworkChanged(t *testing.T) {
	scripts := []func(*peertest.Node){mute, peertest.Good(peertest.NewChain(2)), nil}
	run(t, nil, scripts, func(t *testing.T, b *bench) {
		<-time.After(50 * time.Second) // c is dialled every 30 seconds at most by now
		synctest.Wait()
		ids := b.byAddr()
		if len(ids) != 2 {
			t.Fatalf("connected with %v, want a and b", ids)
		}
		dials := len(b.net.dialledAt("c:1"))
		b.NetworkChanged()
		<-time.After(b.cfg.retryMin)
		if len(b.net.dialledAt("c:1")) == dials {
			t.Errorf("c is not dialled within %v", b.cfg.retryMin)
		}
		<-time.After(proveWithin - b.cfg.retryMin - 1)
		synctest.Wait()
		if now := b.byAddr(); now["a:1"] != ids["a:1"] {
			t.Errorf("the silent peer is left before %v are over", proveWithin)
		}
		<-time.After(b.cfg.retryMin + time.Second)
		synctest.Wait()
		now := b.byAddr()
		if now["a:1"] == ids["a:1"] || now["a:1"] == 0 {
			t.Errorf("the silent peer has id %d, and had %d: it is not connected with again", now["a:1"], ids["a:1"])
		}
		if now["b:1"] != ids["b:1"] {
			t.Error("the peer that answers was left")
		}
		if got := b.lostFor("a:1"); !strings.HasPrefix(got, fault.Idle.String()) {
			t.Errorf("the silent peer is left for %q", got)
		}
	})
}

// TestAddressesOfTheMachineChange: a connection from an address that the machine has no longer is
// ended at the next look, and others are tested.
func TestAddressesOfTheMachineChange(t *testing.T) {
	m := movingMachine{addrs: map[string]bool{"192.0.2.1": true, "192.0.2.2": true}}
	tune := func(c *Config) {
		c.machineAddrs = m.list
		dial := c.Dial
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := dial(ctx, network, addr)
			return from{nc, map[string]string{"a:1": "192.0.2.1", "b:1": "192.0.2.2", "c:1": "192.0.2.2"}[addr]}, err
		}
	}
	good := peertest.Good(peertest.NewChain(2))
	run(t, tune, []func(*peertest.Node){good, good, mute}, func(t *testing.T, b *bench) {
		<-time.After(3 * watchEvery)
		synctest.Wait()
		before := b.byAddr()
		m.set(nil, errors.New("the system does not say"))
		<-time.After(watchEvery)
		m.set(map[string]bool{"192.0.2.2": true, "198.51.100.7": true}, nil)
		<-time.After(watchEvery + proveWithin + b.cfg.retryMin + time.Second)
		synctest.Wait()
		after := b.byAddr()
		for addr, again := range map[string]bool{"a:1": true, "b:1": false, "c:1": true} {
			if got := after[addr] != before[addr]; got != again {
				t.Errorf("%s: connected again: %v, want %v", addr, got, again)
			}
		}
		if got := b.lostFor("a:1"); got != "connection lost: 192.0.2.1 is no address of this machine any longer" {
			t.Errorf("a is left for %q", got)
		}
	})
}

// TestOwnAddresses: this machine names its addresses, that of loopback among them.
func TestOwnAddresses(t *testing.T) {
	addrs, err := machineAddrs()
	if err != nil || !addrs["127.0.0.1"] {
		t.Errorf("%v, %v", addrs, err)
	}
	if got := hostOf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7}); got != "127.0.0.1" {
		t.Errorf("the address of a connection is %q", got)
	}
}

// byAddr returns the ids of the live peers.
func (b *bench) byAddr() map[string]p2p.PeerID {
	ids := make(map[string]p2p.PeerID)
	for _, i := range b.Infos() {
		ids[i.Addr] = i.ID
	}
	return ids
}

// lostFor returns why the last connection to an address ended, as it was logged.
func (b *bench) lostFor(addr string) (reason string) {
	addrs, reasons := b.log.every("addr"), b.log.every("reason")
	for i := range addrs {
		if addrs[i] == addr && reasons[i] != "" {
			reason = reasons[i]
		}
	}
	return reason
}

// movingMachine is a machine whose addresses change.
type movingMachine struct {
	mu    sync.Mutex
	addrs map[string]bool
	err   error
}

func (m *movingMachine) list() (map[string]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addrs, m.err
}

func (m *movingMachine) set(addrs map[string]bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addrs, m.err = addrs, err
}

// from is a connection from an address of this machine.
type from struct {
	net.Conn
	own string
}

// LocalAddr implements net.Conn.
func (f from) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(f.own)} }
