package peer

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// proveWithin is how long a peer may stay silent after the network has changed, before its
// connection is ended: longer than a round trip through Tor takes.
const proveWithin = 5 * time.Second

// NetworkChanged has the pool find out at once which connections still work, instead of when they
// are used next: each peer is pinged, and left unless a byte of it arrives within 5 seconds. All
// pauses between dials end. Programs call it when the system tells them of another network or that
// the machine is awake; without that, a changed address of this machine is noticed within 10
// seconds, a sleep within as many of waking up, and a dead connection within 90 seconds.
func (p *Pool) NetworkChanged() {
	p.cfg.Log.Info("The network has changed, testing connections")
	for _, m := range p.roster.Live() {
		m.Doubt(proveWithin)
	}
	p.connectivity.Reset()
}

// machineAddrs returns the addresses of the interfaces of this machine. The system of a phone may
// refuse to name them.
func machineAddrs() (map[string]bool, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	addrs := make(map[string]bool, len(list))
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			addrs[n.IP.String()] = true
		}
	}
	return addrs, nil
}

// lookAtMachine compares the addresses of this machine with the last ones, and returns them for the
// next comparison. If they have changed, connections from an address that is gone are ended, and the
// others are tested.
func (p *Pool) lookAtMachine(last map[string]bool) map[string]bool {
	if p.cfg.machineAddrs == nil {
		return nil
	}
	now, err := p.cfg.machineAddrs()
	if err != nil || maps.Equal(now, last) {
		return last
	}
	if last == nil {
		return now
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(last)), func(a string) bool { return now[a] })
	for _, m := range p.roster.Live() {
		if own := hostOf(m.LocalAddr()); slices.Contains(gone, own) {
			m.End(fault.New(fault.ConnLost, fmt.Errorf("%s is no address of this machine any longer", own)))
		}
	}
	p.NetworkChanged()
	return now
}

// hostOf returns the IP address of an end of a connection, empty if it has none.
func hostOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return ""
}
