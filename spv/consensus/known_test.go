package consensus

import "testing"

// TestKnownVersionsFollowFromTheVotes derives the newest block version from the newest vote in
// the chain parameters: the blocks that came with it have its version. When the parameters
// know a newer vote, the rules of block versions must too.
func TestKnownVersionsFollowFromTheVotes(t *testing.T) {
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		block, stake := KnownVersions(p)
		newest := uint32(0)
		for version, votes := range p.ChainParams.Deployments {
			if newest = max(newest, version); len(votes) == 0 {
				t.Errorf("%s: version %d has no vote", p.ChainParams.Name, version)
			}
		}
		if stake != newest || block != int32(newest) {
			t.Errorf("%s: block version %d and stake version %d are known, the newest vote has version %d", p.ChainParams.Name, block, stake, newest)
		}
	}
}
