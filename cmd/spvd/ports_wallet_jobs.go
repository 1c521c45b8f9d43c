package main

import (
	"context"
	"math"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// Rescan implements rpc.Searches.
func (p walletPort) Rescan(ctx context.Context, from int64) (int64, error) {
	w, err := p.reading()
	if err != nil {
		return 0, err
	}
	id, err := w.StartRescan(ctx, height(from))
	return int64(id), walletError(err)
}

// CancelJob implements rpc.Searches.
func (p walletPort) CancelJob(ctx context.Context, id int64) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	if id < 0 || id > math.MaxUint32 {
		return walletError(wallet.ErrNoJob)
	}
	return walletError(w.CancelJob(ctx, uint32(id)))
}

// Jobs implements rpc.Searches.
func (p walletPort) Jobs() ([]api.Job, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	st := p.sync.Status()
	tip := chain.Never
	if st.Initialised {
		tip = st.Rescan.Target
	}
	var list []api.Job
	for _, j := range w.Jobs(tip) {
		list = append(list, jobOf(p.name, &j, &st))
	}
	return list, nil
}

// jobOf translates a job. Its rate is that of the scan, so that the two agree.
func jobOf(name string, j *wallet.Job, st *spv.Status) api.Job {
	out := api.Job{
		ID: int64(j.ID), Wallet: name, Kind: j.Kind.String(), State: j.State.String(),
		From: int64(j.From), At: int64(j.At), Target: int64(j.Target),
		Began: j.Began.Unix(),
	}
	if !j.Ended.IsZero() {
		out.Ended = j.Ended.Unix()
	}
	if total := j.Target - j.From + 1; total > 0 {
		out.Progress = float64(max(0, j.At-j.From+1)) / float64(total)
	}
	switch {
	case j.State == wallet.JobDone && j.Ended.IsZero() && !st.FirstSyncDone:
		// It is at the end of what is there, and nobody has shown yet where the chain ends.
		out.State, out.Progress = wallet.JobRunning.String(), min(out.Progress, st.Ratio)
	case j.State == wallet.JobDone:
		out.Progress = 1
	case j.Over():
	case st.Err != nil:
		out.Error = st.Err.Error()
	case j.State == wallet.JobRunning && st.Rescan.Rate > 0:
		left := time.Duration(float64(j.Target-j.At) / st.Rescan.Rate * float64(time.Second))
		out.Rate, out.ETA = st.Rescan.Rate, int64(math.Ceil(left.Seconds()))
	}
	return out
}
