package feed

import (
	"reflect"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestLastingStatus: rates and times that only fade are no news, and all else is.
func TestLastingStatus(t *testing.T) {
	base := api.SyncStatus{
		Seq: 5, Phase: "following", ETA: 9, Tip: api.Tip{Height: 7, Age: 3}, Peers: 2,
		Stages: []api.Stage{{Name: "headers", Current: 7, Target: 9, Rate: 2.5, ETA: 4}},
	}
	for name, c := range map[string]struct {
		change func(st *api.SyncStatus)
		news   bool
	}{
		"number":       {func(st *api.SyncStatus) { st.Seq++ }, false},
		"age":          {func(st *api.SyncStatus) { st.Tip.Age++ }, false},
		"rate":         {func(st *api.SyncStatus) { st.Stages[0].Rate, st.Stages[0].ETA, st.ETA = 2.1, 5, 11 }, false},
		"end of rate":  {func(st *api.SyncStatus) { st.Stages[0].Rate, st.Stages[0].ETA = 0, 0 }, true},
		"progress":     {func(st *api.SyncStatus) { st.Stages[0].Current++ }, true},
		"synced":       {func(st *api.SyncStatus) { st.Synced = true }, true},
		"peers":        {func(st *api.SyncStatus) { st.Peers-- }, true},
		"tip":          {func(st *api.SyncStatus) { st.Tip.Height++ }, true},
		"warning":      {func(st *api.SyncStatus) { st.Warnings = []api.Warning{{Code: "x"}} }, true},
		"estimate end": {func(st *api.SyncStatus) { st.ETA = 0 }, true},
	} {
		next := base
		next.Stages = append([]api.Stage(nil), base.Stages...)
		c.change(&next)
		if news := !reflect.DeepEqual(lasting(&base), lasting(&next)); news != c.news {
			t.Errorf("%s: news %v, want %v", name, news, c.news)
		}
	}
	if base.Stages[0].Rate != 2.5 {
		t.Error("the status itself has changed")
	}
}
