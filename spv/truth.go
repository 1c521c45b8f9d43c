package spv

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
)

// staleIntervals is how many times the target time per block the tip may be
// old before it is stale. Blocks come at random: among a million, one comes
// that late by chance once in e^24/10^6, about 26,000, such chains.
const staleIntervals = 24

// overdueIntervals is how many times the target time per block the tip may be old
// before other peers are looked for: by chance one block in 400 comes that late.
const overdueIntervals = 6

// facts are what the truth about the sync follows from.
type facts struct {
	phase        Phase
	pausing      bool // the sync was interrupted, and goes on after a pause
	peers        int
	shown        bool             // a live peer has shown all it has
	fetchingTail bool             // long runs of headers are being fetched
	open         bool             // the store is open: else nothing of the chain is known
	staged       consensus.Height // the newest verified header, written or not
	tip          consensus.BlockID
	tipTime      time.Time
	filters      consensus.BlockID
	floor        consensus.Height // of the filters
	wanted       consensus.Height // the floor that the wallet needs
	above        chain.Span       // filters above a gap
	scanned      consensus.BlockID
	watching     bool             // there is a wallet to scan for
	best         consensus.Height // what most peers claim
	claims       int              // how many claim at least it
	enough       bool             // the tip has the network's minimum known work
	stale        bool             // the tip is much older than it should be
	tipAge       time.Duration
	interval     time.Duration    // the target time per block
	overdue      bool             // the tip is older than it is by chance now and then
	mute         int              // the peers that did not answer when last asked for headers
	missing      filtersync.Delay // the filters that all later ones wait for
	importing    importProgress   // what is imported from a snapshot
	pinned       pinned           // what is known beforehand, and what it says about the chain
	unvoted      *VoteReport      // of a block of the chain that is not voted for; nil for none

	gathering  bool     // dials are waited for, as the first peer has connected only lately
	awaited    []string // the peers that are waited for: they have not shown all they have
	more       bool     // each of these claims more than our tip
	unanswered []string // the peers that have not answered what they have
	answered   int      // the number of the others
}

// synced is the one definition of being synced.
func (f facts) synced() bool {
	return f.phase == Following && f.peers > 0 && f.shown && !f.fetchingTail && !f.gathering && len(f.awaited) == 0 &&
		f.staged == f.tip.Height && f.filters == f.tip && f.scanned == f.tip &&
		f.enough && !f.stale && f.pinned.synced() && f.unvoted == nil
}

// doubt says in one sentence why the connected peers may not have shown what the
// network has; it is empty without such a reason. A pool that receives it looks for
// peers in other network groups.
func (f facts) doubt() string {
	switch {
	case f.phase != CatchingUp && f.phase != Rescanning && f.phase != Following, f.peers == 0:
		return ""
	case f.pinned.doubt() != "":
		return f.pinned.doubt()
	case f.unvoted != nil:
		return "a block of the chain is not voted for by a majority of verified tickets"
	case f.mute >= f.peers:
		return "no peer answers requests for headers"
	case f.fetchingTail || !f.shown:
		return ""
	case !f.enough && f.staged == f.tip.Height:
		return "all peers show a chain with less work than this network is known to have"
	case f.overdue && f.staged == f.tip.Height:
		return fmt.Sprintf("the newest block that any peer has shown is older than %d block intervals", overdueIntervals)
	case f.filters.Height < f.staged && f.missing.Failed >= f.peers:
		return "no peer has the filters of the chain with the most work"
	}
	return ""
}

// reason says in one sentence why the sync is where it is, and what a user can
// do about it if anything.
func (f facts) reason() (reason, hint string) {
	switch f.phase {
	case Idle:
		return "The syncer is not running.", ""
	case Opening:
		if f.pausing {
			return "The sync was interrupted by a defect of this program, and goes on after a pause.", ""
		}
		return "Opening the chain store.", ""
	case Repairing:
		return "Checking what the last run left.", ""
	case Importing:
		return f.importing.reason(f.staged, f.filters.Height), ""
	case Stopping:
		return "Stopping.", ""
	case Failed:
		return "The sync has failed.", "See the error, then start it again."
	}
	if f.peers == 0 {
		return fmt.Sprintf("No peer is connected; at block %s and trying to connect.", grouped(f.tip.Height)),
			"Check the network connection and the connect option."
	}
	switch {
	case f.pinned.dispute != nil:
		return disputeText(f.pinned.dispute)
	case f.pinned.refused > 0 && f.mute >= f.peers && (f.fetchingTail || !f.shown):
		return f.refusedReason()
	case f.fetchingTail && f.mute >= f.peers:
		return fmt.Sprintf("%s connected, none answers requests for headers after %s: asking again.",
			f.peerCount(), grouped(f.staged)), "Wait for other peers, or name one with the connect option."
	case f.fetchingTail:
		return fmt.Sprintf("Fetching headers: %s of about %s, from %s.",
			grouped(f.staged), grouped(max(f.best, f.staged)), f.peerCount()), ""
	case f.pinned.early.Open:
		return f.pinned.earlyReason()
	case f.filters.Height < f.staged:
		return f.filtersReason()
	case !f.enough:
		return fmt.Sprintf("%s connected, with only %s blocks: less than this network is known to have.", f.peerCount(), grouped(f.tip.Height)),
			"Wait for other peers, or connect to one that is synced."
	case !f.shown && f.mute >= f.peers:
		return fmt.Sprintf("%s connected, none has answered what its newest block is: asking again.", f.peerCount()),
			"Wait for other peers, or name one with the connect option."
	case !f.shown:
		return fmt.Sprintf("Asking %s for their newest blocks.", f.peerCount()), ""
	case f.scanned != f.tip:
		return scanReason(f.scanned.Height, f.tip.Height), ""
	case !f.pinned.synced():
		return f.pinned.reason()
	case f.unvoted != nil:
		return f.unvoted.Reason, unvotedHint
	case f.stale:
		return fmt.Sprintf("The newest block any peer has is %s old, one is usual every %s: these peers may withhold "+
				"newer ones, or none was found. Asking others.", minutes(f.tipAge), minutes(f.interval)),
			"Check this machine's clock and the network connection, or name a peer you trust with the connect option."
	case f.gathering:
		return fmt.Sprintf("%s connected: waiting for the connections to others that are being made.", f.peerCount()), ""
	case len(f.awaited) > 0 && !f.more:
		if len(f.awaited) == 1 {
			return fmt.Sprintf("Waiting for %s: has not shown all it has yet.", f.awaited[0]), ""
		}
		return fmt.Sprintf("Waiting for %s: have not shown all they have yet.", listed(f.awaited)), ""
	case len(f.awaited) > 0:
		return fmt.Sprintf("Waiting for %s: %s not answered yet, but claimed more than block %s.",
			listed(f.awaited), hasHave(len(f.awaited)), grouped(f.staged)), ""
	case !f.synced():
		return "Making sure that no peer has more.", ""
	}
	if f.overdue {
		return fmt.Sprintf("%s The newest block is %s old, one is usual every %s: these peers may withhold newer ones. Asking others.",
			f.syncedReason(), minutes(f.tipAge), minutes(f.interval)), ""
	}
	return f.syncedReason(), ""
}

// minutes formats a duration for users in hours and minutes, one that is shorter than two
// minutes in seconds.
func minutes(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d seconds", d/time.Second)
	}
	d = d.Round(time.Minute)
	if h := d / time.Hour; h > 0 {
		return fmt.Sprintf("%d h %d min", h, (d%time.Hour)/time.Minute)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// syncedReason says how far the chain goes and how many peers have said that they have no
// more. It names those that have not.
func (f facts) syncedReason() string {
	at := "Synced at height " + grouped(f.tip.Height)
	switch {
	case len(f.unanswered) == 0:
		return fmt.Sprintf("%s with %s.", at, countPeers(f.peers))
	case f.answered == 0:
		return fmt.Sprintf("%s; no answer from %s.", at, listed(f.unanswered))
	}
	return fmt.Sprintf("%s with %s; no answer from %s.", at, countPeers(f.answered), listed(f.unanswered))
}

// scanReason says how far the wallet has been scanned for.
func scanReason(scanned, tip consensus.Height) string {
	return fmt.Sprintf("Scanning for the wallet: %s of %s.", grouped(scanned), grouped(tip))
}

// filtersReason says how far the filters are, and if peers do not have them, how many are left to
// be asked. That a peer is silent about filters proves nothing against it.
func (f facts) filtersReason() (reason, hint string) {
	m := f.missing
	span := grouped(m.From) + "–" + grouped(m.To)
	switch {
	case m.Failed == 0 && f.above.Any():
		return fmt.Sprintf("Fetching filters of older blocks: %s of %s, from %s.",
			grouped(f.filters.Height), grouped(f.above.First-1), f.peerCount()), ""
	case m.Failed == 0:
		return fmt.Sprintf("Fetching filters: %s of %s, from %s.", grouped(f.filters.Height), grouped(f.staged), f.peerCount()), ""
	case m.Failed < f.peers:
		return fmt.Sprintf("%s connected, %d of them without filters for %s: asking %d more.",
			f.peerCount(), m.Failed, span, f.peers-m.Failed), ""
	}
	return fmt.Sprintf("%s connected, none has filters for %s of the chain with the most work: complete to block %s, asking again.",
			f.peerCount(), span, grouped(f.filters.Height)),
		"It goes on once a peer has them or another chain has more work. Wait for other peers, or name one that is synced with the connect option."
}

// peerCount names the number of peers.
func (f facts) peerCount() string { return countPeers(f.peers) }

// countPeers names a number of peers.
func countPeers(n int) string { return countOf(n, "peer") }

// countOf returns a number with a noun, in the plural unless it is one.
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// grouped formats a height for users, with commas between groups of three
// digits.
func grouped(h consensus.Height) string { return groupedNumber(uint64(h)) }

// groupedNumber formats a number as grouped does a height.
func groupedNumber(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// refusedReason says that no peer has headers that pass the rules, and which rule they
// break.
func (f facts) refusedReason() (reason, hint string) {
	hint = "Check whether there is a newer version of spvd. Wait for other peers, or name one with the connect option."
	if f.pinned.refusal.Rule == consensus.RuleWaypoint {
		hint = "Wait for other peers, or name one with the connect option. " +
			"If all of them agree, the list of waypoints is wrong: correct it."
	}
	return fmt.Sprintf("%s connected; the headers of %d were refused at block %s by the rule for %v: "+
		"complete to block %s, asking other peers.",
		f.peerCount(), f.pinned.refused, grouped(f.pinned.refusal.Block.Height), f.pinned.refusal.Rule, grouped(f.staged)), hint
}

// maxNamed is how many peers a sentence names.
const maxNamed = 3

// listed names peers in a sentence.
func listed(names []string) string {
	n := len(names)
	switch {
	case n == 0:
		return "no peer"
	case n == 1:
		return names[0]
	case n <= maxNamed:
		return fmt.Sprintf("%s and %s", joined(names[:n-1]), names[n-1])
	}
	return fmt.Sprintf("%s and %d more", joined(names[:maxNamed]), n-maxNamed)
}

// joined separates names by commas.
func joined(names []string) (s string) {
	for i, name := range names {
		if i > 0 {
			s += ", "
		}
		s += name
	}
	return s
}

// hasHave returns the verb for a number of peers.
func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
