package headersync

import (
	"testing"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// TestHeadersWithoutGainAreForgivenInTime checks how many headers without gain a peer may announce.
func TestHeadersWithoutGainAreForgivenInTime(t *testing.T) {
	now := time.Unix(1000, 0)
	var g gain
	if !g.charge(MaxIdle, now) {
		t.Error("as many headers as a message holds are too many")
	}
	if g.charge(1, now) {
		t.Error("one more is forgiven at once")
	}
	now = now.Add(time.Second)
	if !g.charge(1, now) || g.charge(1, now) {
		t.Errorf("after a second of forgiving the peer has %.0f headers to answer for, want %d", g.idle, MaxIdle+1)
	}
}

// TestABranchThatGrowsIsNotCharged checks which announcements count as a gain, on a chain with a
// tip at block 10,000.
func TestABranchThatGrowsIsNotCharged(t *testing.T) {
	const tip = 10_000
	now := time.Unix(1000, 0)
	side := &chain.Extension{Side: 1}
	g := gain{idle: MaxIdle, idleAt: now}
	if !g.announced(1, tip-1, tip, side, now) || !g.announced(1, tip, tip, side, now) {
		t.Error("a side branch that grows near the tip is charged")
	}
	if g.announced(1, tip, tip, side, now) {
		t.Error("the same height of a side branch is not charged")
	}
	if g.announced(1, tip-FullBatch, tip, side, now) {
		t.Error("a side branch far below the tip is not charged")
	}
	if g.announced(1, tip+1, tip, nil, now) {
		t.Error("refused headers are not charged")
	}
	if !g.announced(1, tip+1, tip, &chain.Extension{Added: 1}, now) || g.idle != 0 {
		t.Errorf("after an extension of the main chain %.0f headers are charged", g.idle)
	}
}

// TestHollowAnnouncementsAreTrustedNoMore checks how often a peer is asked for blocks that it
// announces by their hashes and does not have.
func TestHollowAnnouncementsAreTrustedNoMore(t *testing.T) {
	var g gain
	for i := range maxHollow {
		if !g.trusts(0) {
			t.Fatalf("not trusted after %d announcements without headers", i)
		}
		g.byHash = true
		g.answered(false)
		g.answered(false) // not because of an announcement: not counted
	}
	if g.trusts(hollowPause-1) || !g.trusts(hollowPause) {
		t.Errorf("after %d announcements without headers the peer is not asked once in %v", maxHollow, hollowPause)
	}
	if g.answered(true); !g.trusts(0) {
		t.Error("a peer that brought headers is not trusted again")
	}
}
