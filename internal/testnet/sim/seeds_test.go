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

// keptMajorities returns the seeds of faulty majorities that once took too long.
func keptMajorities() []keptSeed {
	return []keptSeed{
		{1, "peers that answer all requests for headers from the beginning each led the walk nine times"},
		{9, "peers that were left for blocks that were not requested came back as the ones with the fewest blocks"},
		{100, "a reply to a request for headers that came after three seconds was dropped, again and again"},
		{115, "a peer that was asked after one that leads back was taken for one that has no more: synced too early"},
		{137, "the same as with 100"},
		{151, "silent peers were found out one after the other, each after two and a half seconds"},
	}
}
