package view

import (
	"slices"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// SyncStatus translates a status. Ages are measured at now.
func SyncStatus(st spv.Status, now time.Time) api.SyncStatus {
	out := api.SyncStatus{
		Synced:               st.Synced,
		Ready:                st.Ready,
		InitialBlockDownload: !st.FirstSyncDone,
		HeadersFetchProgress: share(st.Headers),
		Seq:                  st.Seq,
		Phase:                st.Phase.String(),
		Since:                Unix(st.Since),
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
		FilterFloor: int64(st.Floor),
		Backfill:    st.Backfill,
		Tip: api.Tip{
			Height: int64(st.Tip.Height),
			Hash:   st.Tip.Hash.String(),
			Time:   Unix(st.TipTime),
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
		out.Warnings[i] = api.Warning{Code: w.Code, Text: w.Text, Hint: w.Hint, Since: Unix(w.Since)}
	}
	if st.Err != nil {
		out.Error = st.Err.Error()
	}
	return out
}

// share returns the share of a stage that is done, 0 to 1; 0 while its target is not known.
func share(p spv.Progress) float64 {
	if p.Target <= 0 {
		return 0
	}
	return min(1, float64(p.Current)/float64(p.Target))
}

// WarningsOfChain returns the warnings that are about the chain and the store of it. Others may name
// wallets, payments, or what belongs to the operator of the daemon.
func WarningsOfChain(list []spv.Warning) []spv.Warning {
	return slices.DeleteFunc(slices.Clone(list), func(w spv.Warning) bool {
		switch w.Code {
		case "chain-contradicts-waypoint", api.WarningStoreCorrupt, "chain-store-repaired", "deep-reorg", "early-filters-unproven",
			"early-filters-wrong", api.WarningFutureBlock, "invalid-block", "rule-disputed", "sync-resumed", "tip-too-easy",
			"update-spvd", "waypoint-contradicted":
			return false
		}
		return true
	})
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
		Time:  Unix(r.At),
		Fork:  BlockID(r.Fork),
		Old:   BlockID(r.From),
		New:   BlockID(r.To),
		Depth: r.Depth,
	}
}

// BlockID translates the name of a block.
func BlockID(id consensus.BlockID) api.BlockID {
	return api.BlockID{Height: int64(id.Height), Hash: id.Hash.String()}
}

// BlockIDs translates the names of blocks. The list is not nil.
func BlockIDs(ids []consensus.BlockID) []api.BlockID {
	out := make([]api.BlockID, len(ids))
	for i, id := range ids {
		out[i] = BlockID(id)
	}
	return out
}

// Unix returns a time in Unix seconds, zero for the zero time.
func Unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Publications translates publications. The list is not nil.
func Publications(all []spv.Publication) []api.Publication {
	list := make([]api.Publication, len(all))
	for i, pub := range all {
		list[i] = api.Publication{
			TxID: pub.Hash.String(), Outcome: pub.Outcome.String(), Since: Unix(pub.Since), Own: pub.Own, Client: pub.Source,
			OfferedTo: pub.OfferedTo, FetchedBy: pub.FetchedBy, EchoedBy: pub.EchoedBy,
			Next: Unix(pub.Next), Height: int64(pub.Height),
		}
	}
	return list
}
