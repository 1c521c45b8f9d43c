package spv

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// staleIntervals is how many times the target time per block the tip may be
// old before it is stale. Blocks come at random: among a million, one comes
// that late by chance once in e^24/10^6, about 26,000, such chains.
const staleIntervals = 24

// facts are what the truth about the sync follows from.
type facts struct {
	phase   Phase
	peers   int
	shown   bool         // a live peer has shown all it has
	leading bool         // long runs of headers are being fetched
	staged  chain.Height // the newest verified header, written or not
	tip     chain.BlockID
	filters chain.BlockID
	scanned chain.BlockID
	best    chain.Height // what most peers claim
	enough  bool         // the tip has the network's minimum known work
	stale   bool         // the tip is much older than it should be
	tipAge  time.Duration
}

// synced is the one definition of being synced.
func (f facts) synced() bool {
	return f.phase == Following && f.peers > 0 && f.shown && !f.leading &&
		f.staged == f.tip.Height && f.filters == f.tip && f.scanned == f.tip &&
		f.enough && !f.stale
}

// reason says in one sentence why the sync is where it is, and what a user can
// do about it if anything.
func (f facts) reason() (reason, hint string) {
	switch f.phase {
	case Idle:
		return "The syncer is not running.", ""
	case Opening:
		return "Opening the chain store.", ""
	case Repairing:
		return "Checking what the last run left.", ""
	case Stopping:
		return "Stopping.", ""
	case Failed:
		return "The sync has failed.", "See the error, then start it again."
	}
	if f.peers == 0 {
		return fmt.Sprintf("No peer is connected; at block %d and trying to connect.", f.tip.Height),
			"Check the network connection and the connect option."
	}
	switch {
	case f.leading:
		return fmt.Sprintf("Fetching headers: %d of about %d, from %s.", f.staged, max(f.best, f.staged), f.peerCount()), ""
	case f.filters.Height < f.staged:
		return fmt.Sprintf("Fetching filters: %d of %d, from %s.", f.filters.Height, f.staged, f.peerCount()), ""
	case !f.enough:
		return fmt.Sprintf("The %s connected know only %d blocks, less than this network is known to have.", f.peerCount(), f.tip.Height),
			"Wait for other peers, or connect to one that is synced."
	case !f.shown:
		return fmt.Sprintf("Asking %s for their newest blocks.", f.peerCount()), ""
	case f.scanned != f.tip:
		return fmt.Sprintf("Scanning for the wallet: %d of %d.", f.scanned.Height, f.tip.Height), ""
	case f.stale:
		return fmt.Sprintf("The newest block any peer has is %v old.", f.tipAge.Round(time.Minute)),
			"Check this machine's clock and the network connection."
	case !f.synced():
		return "Making sure that no peer has more.", ""
	}
	return fmt.Sprintf("Synced at height %d with %s.", f.tip.Height, f.peerCount()), ""
}

// peerCount names the number of peers.
func (f facts) peerCount() string {
	if f.peers == 1 {
		return "1 peer"
	}
	return fmt.Sprintf("%d peers", f.peers)
}
