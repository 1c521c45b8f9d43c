package spv

import "slices"

// Phase is what the syncer is doing.
type Phase uint8

// The phases in the order of a first sync.
const (
	Idle       Phase = iota // Run has not been called, or has returned
	Opening                 // the chain store is being opened
	Repairing               // what the last run left is being brought in order
	Importing               // a snapshot is being read, as far as it is right
	CatchingUp              // headers and filters are being fetched
	Rescanning              // the filters are being matched for the wallet
	Following               // the chain is complete and new blocks are awaited
	Stopping                // Run is about to return
	Failed                  // Run has returned an error
)

// edges is the table of legal transitions. A phase that is not listed as a
// source ends the run.
var edges = map[Phase][]Phase{
	Idle:       {Opening},
	Opening:    {Repairing, Stopping, Failed},
	Repairing:  {Opening, Importing, CatchingUp, Stopping, Failed},
	Importing:  {Opening, CatchingUp, Repairing, Stopping, Failed},
	CatchingUp: {Opening, Rescanning, Repairing, Stopping, Failed},
	Rescanning: {Opening, Following, CatchingUp, Repairing, Stopping, Failed},
	Following:  {Opening, CatchingUp, Rescanning, Repairing, Stopping, Failed},
	Stopping:   {Idle},
	Failed:     {Opening},
}

// mayBecome reports whether the transition is in the table.
func (p Phase) mayBecome(next Phase) bool { return slices.Contains(edges[p], next) }

// String returns the name of the phase as RPC and logs show it.
func (p Phase) String() string {
	switch p {
	case Idle:
		return "idle"
	case Opening:
		return "opening"
	case Repairing:
		return "repairing"
	case Importing:
		return "importing"
	case CatchingUp:
		return "catching-up"
	case Rescanning:
		return "rescanning"
	case Following:
		return "following"
	case Stopping:
		return "stopping"
	case Failed:
		return "failed"
	}
	return "unknown"
}
