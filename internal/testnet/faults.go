package testnet

// Verdict is how a good client must judge a node with a fault.
type Verdict uint8

const (
	// Innocent means that an honest node may do the same, by bad luck or a bad line. It may
	// be replaced by a better one, and is never banned.
	Innocent Verdict = iota

	// Suspect means that no honest node does this, but that it proves nothing to a third
	// party. The client may disconnect or ban the node.
	Suspect

	// Guilty means that the data from the node proves its fault. The client bans it, and
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

// Fault is one kind of dishonest node.
type Fault struct {
	// Name describes the fault in a few lower case words.
	Name string

	// Verdict is how a good client must judge it.
	Verdict Verdict

	// Make returns the behaviour. Its random choices follow from the seed.
	Make func(seed uint64) Behaviour
}

// Faults returns all faults.
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
		{"blocks that were not requested", Suspect, plain(SwapsBlocks{})},
		{"wrong filters, late", Guilty, plain(SendsWrongFiltersLate{})},
		{"wrong blocks, late", Guilty, plain(ChangesBlocksLate{})},
	}
}
