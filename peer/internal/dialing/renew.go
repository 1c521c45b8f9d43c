package dialing

import (
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// EstablishedAfter is how long a connection has to live before another one is closed in its favour:
// by then the peer has shown its tip.
const EstablishedAfter = 10 * time.Second

// Tenure is a connection as its renewal sees it.
type Tenure struct {
	ID      p2p.PeerID
	Since   time.Time
	RelayTx bool // the peer was asked to announce transactions
	Spare   bool // the connection exists only while another one to this peer is replaced
}

// Renew decides about connections that were made before transactions were wanted, because
// only a handshake can ask the peer to announce them. It returns the id of one to end, or of
// one whose peer is to be connected to a second time first, because there is no other peer.
// Zero is none. It is called repeatedly until nothing is left to do.
func Renew(now time.Time, list []Tenure) (end, double p2p.PeerID) {
	var stale, spare p2p.PeerID
	established, lasting, fresh := false, false, false
	for _, t := range list {
		old := now.Sub(t.Since) >= EstablishedAfter
		switch {
		case !t.RelayTx && stale == 0:
			stale = t.ID
		case t.RelayTx:
			fresh = true
			established = established || old
			lasting = lasting || old && !t.Spare
			if t.Spare {
				spare = t.ID
			}
		}
	}
	switch {
	case stale != 0 && established:
		return stale, 0
	case stale != 0 && !fresh:
		return 0, stale
	case stale == 0 && lasting:
		return spare, 0
	}
	return 0, 0
}
