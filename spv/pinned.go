package spv

import "github.com/spvd/spvd/spv/chain"

// pinned is what the facts that come with the program (rules, waypoints, hashes) say
// about the chain that peers show. Peers and the program may disagree: then either can be
// wrong, and the status says so instead of ending the run.
type pinned struct {
	refused int              // the live peers whose last headers broke a rule
	refusal *chain.RuleError // one of these rules; nil if none was refused
	misled  []chain.BlockID  // the waypoints that the chain contradicts
	denied  chain.Height     // the lowest waypoint that peers deny; zero for none
}

// pinned gathers these facts.
func (r *run) pinned() pinned {
	denied, _ := r.denials.lowest()
	return pinned{
		refused: len(r.refusals),
		refusal: r.refusals.any(),
		misled:  r.store.Contradicted(),
		denied:  denied,
	}
}

// synced reports whether nothing that is known beforehand stands against the chain.
func (x pinned) synced() bool { return len(x.misled) == 0 }

// reason says what stands against the chain, and what a user can do about it.
func (x pinned) reason() (reason, hint string) { return misledText(x.misled), misledHint }

// doubt says why the connected peers may not have the chain of the network; it is empty
// without such a reason.
func (x pinned) doubt() string {
	switch {
	case len(x.misled) > 0:
		return "the chain contradicts a waypoint"
	case x.denied > 0:
		return "peers contradict a waypoint"
	}
	return ""
}
