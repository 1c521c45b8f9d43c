package sim_test

// keptSeed is the seed of a network that once failed.
type keptSeed struct {
	seed uint64
	why  string // what was wrong
}

// keptSeeds returns them all.
func keptSeeds() []keptSeed {
	return []keptSeed{
		{2057, "a reorganisation by a batch with a bad header went unnoticed, and the next filters ended the run"},
	}
}
