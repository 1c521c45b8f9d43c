package spv

// repair is the phase Repairing: it brings in order what the last run left.
// Opening the store has cut it back to its last consistent prefix; filters
// missing below the tip are found by catching up, which starts at the first
// one; and a wallet on a branch that lost is rolled back by its next update,
// which starts at the newest block that it and the chain share. So what is
// left to do is to say where things stand and let readers in.
func (r *run) repair() (Phase, error) {
	state := r.store.State()
	r.scan.Open(r.store)
	r.walletMoved()
	r.judgeStore()
	r.chain.Store(r.store)
	r.status.Initialised = true
	scanned, _ := r.scan.Position()
	r.cfg.Log.Info("Chain store opened", "headers", state.Tip.Height, "filters", state.Filters.Height,
		"scanned", scanned.Height, "tip", state.Tip.Hash)
	return CatchingUp, nil
}
