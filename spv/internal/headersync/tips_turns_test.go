package headersync

import (
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// TestEveryLeadHasItsTurn checks that a tail peer is asked after those that have failed
// less often, also when its failure was long ago.
func TestEveryLeadHasItsTurn(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := newPeerTips(AnswerAge)
	s.update(func(yield func(p2p.PeerID, uint32) bool) {
		for id := p2p.PeerID(1); id <= 3 && yield(id, 100); id++ {
		}
	}, now)
	if got := s.later(); len(got) != 0 {
		t.Errorf("at first %v wait", got)
	}
	s.setAnswer(1, failed, now)
	s.setAnswer(2, failed, now)
	s.setAnswer(2, failed, now)
	s.age(now.Add(answerRetry))
	if got := s.later(); !slices.Equal(got, []p2p.PeerID{1, 2}) {
		t.Errorf("%v wait, want 1 and 2", got)
	}
	s.setAnswer(3, caughtUp, now)
	if got := s.later(); !slices.Equal(got, []p2p.PeerID{2}) {
		t.Errorf("%v wait, want 2", got)
	}
}
