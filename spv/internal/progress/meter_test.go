package progress

import (
	"math"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

func TestMeterFindsASteadyRateAndForgetsAnOldOne(t *testing.T) {
	now := time.Unix(0, 0)
	var m meter
	for i := range 100 {
		m.update(consensus.Height(i*100), now.Add(time.Duration(i)*100*time.Millisecond))
	}
	if math.Abs(m.rate-1000) > 1 {
		t.Errorf("100 blocks in 100 ms make %.1f blocks/s", m.rate)
	}
	if rate := m.update(m.last, now.Add(2*time.Minute)); rate != 0 {
		t.Errorf("two idle minutes later the rate is %.3f", rate)
	}
	if rate := m.update(5, now.Add(3*time.Minute)); rate != 0 {
		t.Errorf("after going back the rate is %.3f", rate)
	}
}

func TestAMomentMakesNoRate(t *testing.T) {
	now := time.Unix(0, 0)
	var m meter
	m.update(0, now)
	if rate := m.update(1_000_000, now.Add(time.Millisecond)); rate != 0 {
		t.Errorf("a jump within a millisecond makes %.0f blocks/s", rate)
	}
	if rate := m.update(1_000_000, now.Add(time.Second)); math.Abs(rate-1e6) > 1 {
		t.Errorf("a second later the rate is %.0f", rate)
	}
}
