package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/metrics"
	"github.com/spvd/spvd/peer"
)

// TestEveryRoleHasASample, also without a peer that has it.
func TestEveryRoleHasASample(t *testing.T) {
	var b strings.Builder
	if err := metrics.Write(&b, metrics.Facts{}); err != nil {
		t.Fatal(err)
	}
	roles := 0
	for r := peer.Wanted; r.String() != "unknown"; r++ {
		if !strings.Contains(b.String(), fmt.Sprintf("\nspvd_role_peers{role=\"%v\"} 0\n", r)) {
			t.Errorf("there is no sample of the role %v", r)
		}
		roles++
	}
	if n := strings.Count(b.String(), "\nspvd_role_peers{"); n != roles {
		t.Errorf("there are %d samples of %d roles", n, roles)
	}
}
