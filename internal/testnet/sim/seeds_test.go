package sim_test

// keptSeed is the seed of a network that once failed. Seeds do not order goroutines, so
// that not every run with one is the same.
type keptSeed struct {
	seed uint64
	why  string // what was wrong
}

// keptSeeds returns those of random networks.
func keptSeeds() []keptSeed {
	return []keptSeed{
		{2057, "a reorganisation by a batch with a bad header went unnoticed, and the next filters ended the run"},
	}
}

// keptMajority is the seed of faulty majorities of which some once took too long.
type keptMajority struct {
	keptSeed
	faults []string // of those that did
}

// keptFloors returns those of random networks with a floor of the filters.
func keptFloors() []keptSeed {
	return []keptSeed{
		{192, "a search that began far below its birthday had all filters from there on fetched"},
	}
}

// keptMajorities returns those seeds.
func keptMajorities() []keptMajority {
	return []keptMajority{
		{keptSeed{1, "peers that answer all requests for headers from the beginning each led the walk nine times"}, []string{"known headers from far below"}},
		{keptSeed{9, "peers that were left for blocks that were not requested came back as the ones with the fewest blocks"}, []string{"blocks that were not requested"}},
		{keptSeed{100, "a reply to a request for headers that came after three seconds was dropped, again and again"}, []string{"flood in place of replies", "junk in place of replies", "trickle"}},
		{keptSeed{115, "a peer that was asked after one that leads back was taken for one that has no more: synced too early"}, []string{"known headers from far below"}},
		{keptSeed{137, "the same as with 100"}, []string{"flood in place of replies", "junk in place of replies", "trickle"}},
		{keptSeed{151, "silent peers were found out one after the other, each after two and a half seconds"}, []string{"silence after some messages", "silence about blocks", "withheld blocks"}},
	}
}

// keptFaults returns the faults that a seed of majorities was kept for.
func keptFaults(seed uint64) []string {
	for _, kept := range keptMajorities() {
		if kept.seed == seed {
			return kept.faults
		}
	}
	return nil
}
