package peersfile

import (
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
)

// upgradeFile converts the content of a peers.json of version 1 to version 2. In version 1 an
// address had one source and no time of its last announcement, and a proven fault banned one
// port of a host.
func upgradeFile(s fileState) fileState {
	s.Version = 2
	for i := range s.Addresses {
		e := &s.Addresses[i]
		e.Heard = e.Added
		if e.Worked == 0 && e.Source != "" {
			e.Sources = []string{e.Source}
		}
		e.Source = ""
	}
	for i := range s.Bans {
		if b := &s.Bans[i]; fault.Named(b.Reason) != fault.Unwanted {
			b.Peer, b.Addr = b.Addr, addrbook.HostOf(b.Addr)
		}
	}
	return s
}
