package api

// States of jobs.
const (
	JobQueued   = "queued" // waits for the end of another one
	JobRunning  = "running"
	JobDone     = "done"
	JobCanceled = "canceled"
)

// JobVotes is the kind of the jobs that verify the votes behind a transaction.
const JobVotes = "votes"

// Job is a search of blocks for the scripts of a wallet, or the verification of the votes
// behind one of its transactions: an element of the result of listjobs, and the result of
// getjob.
type Job struct {
	ID     int64  `json:"id"` // unique in the wallet
	Wallet string `json:"wallet"`
	Kind   string `json:"kind"` // rescan, import, discovery or votes
	State  string `json:"state"`

	// From is the first height that is searched, At the last one that was, and
	// Target the last one to search. At may fall when addresses are found near
	// the gap limit: then the blocks are searched for more of them.
	From   int64 `json:"from"`
	At     int64 `json:"at"`
	Target int64 `json:"target"`

	// Progress is the share that is done, 0 to 1.
	Progress float64 `json:"progress"`

	// Rate is in blocks per second over the last seconds. ETA is the estimated number of
	// seconds until Target; zero when unknown or ended.
	Rate float64 `json:"rate"`
	ETA  int64   `json:"eta"`

	Began int64 `json:"began"`
	Ended int64 `json:"ended"` // zero while it has not ended

	// Error is the error of the sync, which stops the job; empty unless the sync has failed.
	Error string `json:"error"`

	// TxID is the transaction of a job of kind votes, and Waits one sentence on what it waits
	// for, if it waits.
	TxID  string `json:"txid,omitempty"`
	Waits string `json:"waits,omitempty"`
}
