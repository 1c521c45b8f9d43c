package main

import (
	"context"
	"iter"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
)

// syncPort tells the syncer's status in the terms of JSON-RPC.
type syncPort struct{ syncer *spv.Syncer }

// Status implements rpc.Sync.
func (p syncPort) Status() api.SyncStatus { return syncStatus(p.syncer.Status(), time.Now()) }

// Changes implements rpc.Sync.
func (p syncPort) Changes(ctx context.Context, from uint64) iter.Seq[api.SyncStatus] {
	return func(yield func(api.SyncStatus) bool) {
		for st := range p.syncer.Changes(ctx, from) {
			if !yield(syncStatus(st, time.Now())) {
				return
			}
		}
	}
}

// syncStatus translates a status; now is what ages are measured at.
func syncStatus(st spv.Status, now time.Time) api.SyncStatus {
	out := api.SyncStatus{
		Synced:               st.Synced,
		InitialBlockDownload: !st.FirstSyncDone,
		HeadersFetchProgress: share(st.Headers),
		Seq:                  st.Seq,
		Phase:                st.Phase.String(),
		Since:                unix(st.Since),
		Reason:               st.Reason,
		Hint:                 st.Hint,
		Initialised:          st.Initialised,
		Ratio:                st.Ratio,
		ETA:                  seconds(st.ETA),
		Stages: []api.Stage{
			stage(api.StageHeaders, st.Headers),
			stage(api.StageFilters, st.Filters),
			stage(api.StageRescan, st.Rescan),
		},
		Tip: api.Tip{
			Height: int64(st.Tip.Height),
			Hash:   st.Tip.Hash.String(),
			Time:   unix(st.TipTime),
		},
		Best:      api.Best{Height: int64(st.Best), Peers: st.BestPeers},
		Peers:     st.Peers,
		Scanned:   int64(st.Rescan.Current),
		Reorgs:    st.Reorgs,
		LastReorg: lastReorg(st.LastReorg),
		Warnings:  make([]api.Warning, len(st.Warnings)),
	}
	if !st.TipTime.IsZero() {
		out.Tip.Age = max(0, int64(now.Sub(st.TipTime)/time.Second))
	}
	for i, w := range st.Warnings {
		out.Warnings[i] = api.Warning{Code: w.Code, Text: w.Text, Hint: w.Hint, Since: unix(w.Since)}
	}
	if st.Err != nil {
		out.Error = st.Err.Error()
	}
	return out
}

// share returns how much of a stage is done, 0 to 1. A stage whose target is
// not known yet has done nothing.
func share(p spv.Progress) float64 {
	if p.Target <= 0 {
		return 0
	}
	return min(1, float64(p.Current)/float64(p.Target))
}

func stage(name string, p spv.Progress) api.Stage {
	return api.Stage{
		Name:    name,
		Current: int64(p.Current),
		Target:  int64(p.Target),
		Rate:    p.Rate,
		ETA:     seconds(p.ETA),
	}
}

// seconds returns an estimated time in whole seconds.
func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

func lastReorg(r *spv.Reorg) *api.Reorg {
	if r == nil {
		return nil
	}
	return &api.Reorg{
		Time:  unix(r.At),
		Fork:  blockID(r.Fork),
		Old:   blockID(r.From),
		New:   blockID(r.To),
		Depth: r.Depth,
	}
}

func blockID(id chain.BlockID) api.BlockID {
	return api.BlockID{Height: int64(id.Height), Hash: id.Hash.String()}
}

// unix returns a time in Unix seconds, zero for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
