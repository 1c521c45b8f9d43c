package dialing

import (
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// TestRenew checks which connection is ended, or made a second time.
func TestRenew(t *testing.T) {
	now := time.Unix(1e9, 0)
	old, young := now.Add(-time.Minute), now.Add(-time.Second)
	for _, c := range []struct {
		name        string
		list        []Tenure
		end, double p2p.PeerID
	}{
		{"no connection", nil, 0, 0},
		{"all relay", []Tenure{{1, old, true, false}, {2, old, true, false}}, 0, 0},
		{"only a stale one", []Tenure{{1, old, false, false}}, 0, 1},
		{"all stale", []Tenure{{1, old, false, false}, {2, old, false, false}}, 0, 1},
		{"a fresh one that is too young", []Tenure{{1, old, false, false}, {3, young, true, true}}, 0, 0},
		{"a fresh one that has", []Tenure{{1, old, false, false}, {3, old, true, true}}, 1, 0},
		{"one at a time", []Tenure{{1, old, false, false}, {2, old, false, false}, {3, old, true, false}}, 1, 0},
		{"the spare waits", []Tenure{{3, old, true, true}, {4, young, true, false}}, 0, 0},
		{"the spare is alone", []Tenure{{3, old, true, true}}, 0, 0},
		{"the spare goes", []Tenure{{3, old, true, true}, {4, old, true, false}}, 3, 0},
	} {
		if end, double := Renew(now, c.list); end != c.end || double != c.double {
			t.Errorf("%s: end %d, double %d, want %d, %d", c.name, end, double, c.end, c.double)
		}
	}
}
