package testnet

// Verdict is what a good client makes of a node with a fault.
type Verdict uint8

const (
	// Innocent: an honest node may come to do the same, by bad luck or a bad
	// line. It may be left for a better one, and is never banned.
	Innocent Verdict = iota

	// Suspect: no honest node does this, but it proves nothing that would
	// convince a third party. The client may leave or ban it.
	Suspect

	// Guilty: what the node sent proves its fault. The client bans it, and
	// keeps the evidence.
	Guilty
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case Innocent:
		return "innocent"
	case Suspect:
		return "suspect"
	case Guilty:
		return "guilty"
	}
	return "unknown"
}

// Fault is one way not to be honest.
type Fault struct {
	// Name says in a few lower case words what the node does.
	Name string

	// Verdict is what a good client makes of it.
	Verdict Verdict

	// Make returns the behaviour. What it leaves to chance follows from the
	// seed.
	Make func(seed uint64) Behaviour
}

// Faults returns every fault there is.
func Faults() []Fault {
	plain := func(b Behaviour) func(uint64) Behaviour { return func(uint64) Behaviour { return b } }
	return []Fault{
		{"silence after some messages", Innocent, func(seed uint64) Behaviour { return FallsSilent{After: newStream(seed, 1).below(40)} }},
		{"trickle", Innocent, plain(Trickles{})},
		{"junk in place of replies", Suspect, plain(Chatters{})},
		{"flood in place of replies", Suspect, plain(Floods{})},
		{"disconnect at every message boundary", Innocent, plain(HangsUp{})},
		{"truncated message", Innocent, func(seed uint64) Behaviour { return BreaksOff{After: 3 + newStream(seed, 2).below(30)} }},
		{"garbage", Suspect, func(seed uint64) Behaviour { return SpeaksGarbage{After: 3 + newStream(seed, 3).below(30), Seed: seed} }},
		{"oversize message", Guilty, func(seed uint64) Behaviour { return SendsOversize{After: 3 + newStream(seed, 4).below(30)} }},
		{"duplicate replies", Suspect, plain(RepeatsItself{})},
		{"unsolicited replies", Suspect, plain(AnswersUnasked{})},
		{"slow handshake", Innocent, plain(IsSlowToGreet{})},
		{"stale height claim", Innocent, plain(ClaimsLittle{})},
		{"lying high height", Innocent, plain(ClaimsMuch{})},
		{"withheld tip", Innocent, plain(WithholdsTip{})},
		{"a branch of its own", Innocent, func(seed uint64) Behaviour { return &KeepsToBranch{Seed: seed} }},
		{"header with bad work", Guilty, plain(forges("bad work"))},
		{"header with bad bits", Guilty, plain(forges("bad bits"))},
		{"header with bad time", Guilty, plain(forges("bad time"))},
		{"header from the future", Suspect, plain(forges("future"))},
		{"header with bad height", Guilty, plain(forges("bad height"))},
		{"low-work branch flood", Suspect, plain(FloodsBranches{})},
		{"header spam", Suspect, plain(SpamsHeaders{})},
		{"never-ending headers", Suspect, plain(NeverEnds{})},
		{"known headers from far below", Suspect, plain(ShowsKnownHeaders{})},
		{"late filters", Innocent, plain(HasFiltersLate{})},
		{"wrong filter", Guilty, plain(SendsWrongFilter{})},
		{"right filter of another block", Guilty, plain(SwapsFilters{})},
		{"missing filter in a batch", Guilty, plain(OmitsFilter{})},
		{"extra filter in a batch", Guilty, plain(AddsFilter{})},
		{"bad proof", Guilty, plain(SendsBadProof{})},
		{"withheld blocks", Innocent, plain(WithholdsBlocks{})},
		{"silence about blocks", Innocent, plain(IgnoresBlocks{})},
		{"wrong blocks", Guilty, plain(ChangesBlocks{})},
		{"blocks that nobody asked for", Suspect, plain(SwapsBlocks{})},
		{"wrong filters, late", Guilty, plain(SendsWrongFiltersLate{})},
		{"wrong blocks, late", Guilty, plain(ChangesBlocksLate{})},
	}
}
