package spv

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Status is the one statement about how far the syncer has got. Everything
// that shows progress shows this value. It is immutable: a new one is made for
// every change.
type Status struct {
	// Seq rises by at least one with every change.
	Seq uint64

	// Phase is what the syncer does, Since when it began to.
	Phase Phase
	Since time.Time

	// Reason says in one sentence for users what is being waited for or done,
	// Hint what they can do about it; Hint is empty when there is nothing to
	// do.
	Reason string
	Hint   string

	// Initialised is true once the store is open and consistent: reads work.
	Initialised bool

	// Synced is true while headers, filters and wallet are at the tip, at least
	// one peer is connected, no live peer has shown more work, and the chain
	// has the network's minimum known work.
	Synced bool

	// Ready is Synced without its moments: it turns true with Synced, and stays true while the
	// newest blocks of a chain that is followed are being proven and scanned, for half a minute
	// on end at most. It is what to act on where a new block every few seconds must not look
	// like a failure; what must hold at this moment is Synced.
	Ready bool

	// FirstSyncDone is true once this run has been synced.
	FirstSyncDone bool

	// Headers, Filters and Rescan are the progress of the stages. During a backfill the
	// target of Filters is the last filter that is missing before newer ones.
	Headers, Filters, Rescan Progress

	// Floor is the height of the first filter that is kept, zero if all are, and Backfill says
	// that it was lowered and filters above it are being fetched: an import needs them.
	Floor    consensus.Height
	Backfill bool

	// Ratio is the progress over all stages, 0 to 1. It is 1 exactly while
	// Synced; losing that is the only way for it to fall within a run.
	// What advances it is the work of this run, weighed by bytes and time.
	Ratio float64

	// ETA is the estimated time until all stages are done; zero when unknown or
	// synced.
	ETA time.Duration

	// Tip is the newest verified header and TipTime its timestamp.
	Tip     consensus.BlockID
	TipTime time.Time

	// Best is the greatest height that live peers agree on, by their own
	// claims, and BestPeers how many claim at least it. Zero without peers.
	Best      consensus.Height
	BestPeers int

	// Peers is the number of live peers.
	Peers int

	// Reorgs is the number of reorganisations of this run.
	Reorgs int

	// LastReorg describes the newest reorganisation of this run, or is nil.
	LastReorg *Reorg

	// Warnings are conditions users should know of, oldest first.
	Warnings []Warning

	// Err is the error that ended the run; nil unless the phase is Failed.
	Err error
}

// Progress is how far one stage has got.
type Progress struct {
	// Current is the last height the stage has finished, Target the last one
	// it has to. Target moves while new blocks are learned of.
	Current, Target consensus.Height

	// Rate is in blocks per second over the last seconds, zero when idle.
	Rate float64

	// ETA is the estimated time until Target; zero when unknown or done.
	ETA time.Duration
}

// Done reports whether the stage has reached its target.
func (p Progress) Done() bool { return p.Current >= p.Target }

// progressOf returns the progress of a stage. The target is never below the current height. A
// stage that is done has no rate: an average that fades is no change of the status.
func progressOf(current, target consensus.Height, rate float64) Progress {
	p := Progress{Current: current, Target: max(current, target)}
	if !p.Done() {
		p.Rate = rate
	}
	if p.Rate > 0 {
		p.ETA = time.Duration(float64(p.Target-current) / rate * float64(time.Second))
	}
	return p
}

// Reorg is a reorganisation that took place.
type Reorg struct {
	At    time.Time
	Fork  consensus.BlockID // the last common block
	From  consensus.BlockID // the old tip
	To    consensus.BlockID // the new tip when it happened
	Depth int               // the number of blocks reverted
}

// Warning is a condition that does not stop the sync.
type Warning struct {
	Code  string // stable, lower case with dashes
	Text  string // one sentence
	Hint  string // what to do; may be empty
	Since time.Time
}
