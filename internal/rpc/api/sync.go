package api

// Names of the stages of a sync, in the order they are listed.
const (
	StageHeaders = "headers"
	StageFilters = "filters"
	StageRescan  = "rescan"
)

// Codes of warnings that clients know.
const (
	WarningStoreCorrupt = "chain-store-corrupt"
	WarningFutureBlock  = "future-block"
)

// Phases that clients know. PhaseFailed is that of a daemon whose sync has ended
// with an error.
const (
	PhaseCatchingUp = "catching-up"
	PhaseRescanning = "rescanning"
	PhaseFailed     = "failed"
)

// SyncStatus is the result of syncstatus. The first three fields are
// dcrwallet's.
type SyncStatus struct {
	// Synced is true while headers, filters and wallet are at the tip, a peer is connected,
	// and no peer has shown more work.
	Synced bool `json:"synced"`

	// InitialBlockDownload is true until this run has been synced once.
	InitialBlockDownload bool `json:"initialblockdownload"`

	// HeadersFetchProgress is the share of headers that are stored, 0 to 1.
	HeadersFetchProgress float64 `json:"headersfetchprogress"`

	// Seq rises with every change of the status.
	Seq uint64 `json:"seq"`

	// Ready is synced without its moments: it turns true with synced, and stays true while the
	// newest blocks of a chain that is followed are being proven and scanned, for half a minute
	// on end at most.
	Ready bool `json:"ready"`

	// Phase is what the daemon is doing, and Since when that began.
	Phase string `json:"phase"`
	Since int64  `json:"since"`

	// Reason is one sentence on what is being done or waited for, Hint one on what the user
	// can do about it. Hint is empty when there is nothing to do.
	Reason string `json:"reason"`
	Hint   string `json:"hint"`

	// Initialised is true once chain data can be read.
	Initialised bool `json:"initialised"`

	// Ratio is the progress over all stages, 0 to 1. It is 1 exactly while
	// Synced; losing that is the only way for it to fall within a run.
	Ratio float64 `json:"ratio"`

	// ETA is the estimated number of seconds until all stages are done; zero
	// when unknown or synced.
	ETA int64 `json:"eta"`

	// Stages is the progress of each stage, in order.
	Stages []Stage `json:"stages"`

	// FilterFloor is the height of the first filter that is kept, zero if all are. Backfill
	// says that the filters of older blocks are being fetched, because an import needs them:
	// the target of the stage of filters is the last one of these then.
	FilterFloor int64 `json:"filterfloor"`
	Backfill    bool  `json:"backfill"`

	// Tip is the newest verified block.
	Tip Tip `json:"tip"`

	// Best is the height that live peers claim.
	Best Best `json:"best"`

	// Peers is the number of live peers.
	Peers int `json:"peers"`

	// Scanned is the height up to which the chain was scanned for the wallet.
	Scanned int64 `json:"scanned"`

	// Reorgs is the number of reorganisations of this run.
	Reorgs int `json:"reorgs"`

	// LastReorg is the newest reorganisation of this run; null if there was
	// none.
	LastReorg *Reorg `json:"lastreorg"`

	// Warnings are conditions that do not stop the sync, oldest first. It is
	// never null.
	Warnings []Warning `json:"warnings"`

	// Error is the error that ended the sync; empty unless Phase is failed.
	Error string `json:"error,omitempty"`
}

// Stage is the progress of one stage of the sync.
type Stage struct {
	Name    string `json:"name"`
	Current int64  `json:"current"`
	Target  int64  `json:"target"`

	// Rate is in blocks per second over the last seconds, zero when idle.
	Rate float64 `json:"rate"`

	// ETA is the estimated number of seconds until Target; zero when unknown
	// or done.
	ETA int64 `json:"eta"`
}

// Tip is the newest verified block.
type Tip struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`
	Time   int64  `json:"time"`

	// Age is the number of seconds since Time.
	Age int64 `json:"age"`
}

// Best is the height that peers agree on. It is only a claim.
type Best struct {
	Height int64 `json:"height"`

	// Peers is the number of peers that claim at least Height.
	Peers int `json:"peers"`
}

// Reorg is a reorganisation of the main chain.
type Reorg struct {
	Time int64 `json:"time"`

	// Fork is the last block both branches share, Old and New are their tips.
	Fork BlockID `json:"fork"`
	Old  BlockID `json:"old"`
	New  BlockID `json:"new"`

	// Depth is the number of blocks that were disconnected.
	Depth int `json:"depth"`
}

// BlockID identifies a block.
type BlockID struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`
}

// Warning is a condition that the user should know.
type Warning struct {
	Code  string `json:"code"`
	Text  string `json:"text"`
	Hint  string `json:"hint"`
	Since int64  `json:"since"`
}
