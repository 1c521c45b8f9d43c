package spv

import (
	"fmt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
	"github.com/spvd/spvd/spv/internal/headersync"
)

// pinned is what the facts that come with the program (rules, waypoints, hashes) say
// about the chain that peers show. Peers and the program may disagree: then either can be
// wrong, and the status says so instead of ending the run.
type pinned struct {
	refused int                  // the live peers whose last headers broke a rule
	refusal *consensus.RuleError // one of these rules; nil if none was refused
	misled  []consensus.BlockID  // the waypoints that the chain contradicts
	denied  consensus.Height     // the lowest waypoint that peers deny; zero for none
	easing  chain.Easing         // of the newest blocks
	easy    bool                 // it is so much that the chain may be a cheap imitation
	weighed bool                 // easing is about the newest header

	dispute *consensus.RuleError // that peers in different networks break alike; nil for none

	early  filtersync.Comparison // of the early filters of peers, because they are not proven
	active consensus.Height      // DCP0005
}

// pinned gathers these facts, given those of the live peers.
func (l *loop) pinned(of headersync.Facts) pinned {
	return pinned{
		dispute: of.Dispute,
		refused: of.Refused,
		refusal: of.Refusal,
		misled:  l.store.Contradicted(),
		denied:  of.Denied,
		easing:  l.eased,
		easy:    l.eased.TooEasy(l.cfg.Params),
		early:   l.filters.Comparison(),
		active:  l.cfg.Params.DCP0005,
		weighed: l.cfg.Params.MaxEasing == 0 || l.easedAt == l.store.Staged().Tip,
	}
}

// codeEasy is the warning while the newest blocks took much less work than those before.
const codeEasy = "tip-too-easy"

// judgeWork measures the newest blocks, once they are there, and warns when they took so
// little work that they may be a cheap imitation.
func (l *loop) judgeWork() error {
	if l.cfg.Params.MaxEasing == 0 || l.headers.FetchingTail() || l.easedAt == l.staged.Tip {
		return nil
	}
	e, err := l.store.Easing()
	if err != nil {
		return err
	}
	l.easedAt, l.eased = l.staged.Tip, e
	switch {
	case !e.TooEasy(l.cfg.Params):
		l.display.unwarn(codeEasy)
	case !l.display.warned(codeEasy):
		text, hint := easyText(e)
		l.cfg.Log.Warn(text)
		l.display.warn(codeEasy, text, hint)
	}
	return nil
}

// easyText says how much easier the newest blocks are, and what users can do about it.
func easyText(e chain.Easing) (text, hint string) {
	return fmt.Sprintf("The newest blocks, up from about %s, took %s times less work each than block %s: "+
			"a false chain can look like this.", grouped(e.Easiest), groupedNumber(e.Times), grouped(e.Hardest)),
		"Other peers are looked for. If the network really has lost most of its miners, take a newer version of spvd, " +
			"or newer waypoints."
}

// synced reports whether nothing that is known beforehand stands against the chain.
func (x pinned) synced() bool { return len(x.misled) == 0 && x.weighed && !x.easy && x.dispute == nil }

// reason says what stands against the chain, and what a user can do about it.
func (x pinned) reason() (reason, hint string) {
	switch {
	case len(x.misled) > 0:
		return misledText(x.misled), misledHint
	case x.dispute != nil:
		return disputeText(x.dispute)
	case !x.weighed:
		return "Weighing the newest blocks.", ""
	}
	return easyText(x.easing)
}

// doubt says why the connected peers may not have the chain of the network; it is empty
// without such a reason.
func (x pinned) doubt() string {
	switch {
	case len(x.misled) > 0:
		return "the chain contradicts a waypoint"
	case x.denied > 0:
		return "peers contradict a waypoint"
	case x.early.Open:
		return "the early filters of the connected peers do not have the known hash"
	case x.easy:
		return "the newest blocks took much less work than those before"
	}
	return ""
}
