package headersync

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// liveAt yields peers that claim heights.
func liveAt(claims map[p2p.PeerID]uint32) func(func(p2p.PeerID, uint32) bool) {
	return maps.All(claims)
}

func TestTipsAreNotCompleteBeforeAPeerHasCaughtUp(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	if s.complete(now) {
		t.Error("complete without peers")
	}
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	if s.complete(now.Add(time.Hour)) {
		t.Error("complete though nobody answered")
	}
	s.setAnswer(1, caughtUp, now)
	now = now.Add(time.Hour)
	s.setAnswer(1, caughtUp, now)
	if s.complete(now) {
		t.Error("complete though a peer was not asked")
	}
	s.ask(2, now)
	if s.complete(now) {
		t.Error("complete though a peer has just been asked")
	}
	if !s.complete(now.Add(AnswerGrace)) {
		t.Error("a silent peer holds the tips up for ever")
	}
	s.setAnswer(2, failed, now)
	s.age(now.Add(answerRetry))
	s.ask(2, now.Add(answerRetry))
	if !s.complete(now.Add(answerRetry)) {
		t.Error("a silent peer holds the tips up whenever it is asked")
	}
	s.setAnswer(2, failed, now)
	if !s.complete(now) {
		t.Error("not complete though one caught up and the other failed")
	}
	s.fetchingTail = true
	if s.complete(now.Add(time.Hour)) {
		t.Error("complete while leading")
	}
}

func TestTipsOfPeersThatLeftAreForgotten(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10}), now)
	s.setAnswer(1, caughtUp, now)
	if gone, changed := s.update(liveAt(map[p2p.PeerID]uint32{2: 10}), now); !changed || len(gone) != 1 || gone[0] != 1 {
		t.Error("a change of peers went unnoticed")
	}
	if s.shown() {
		t.Error("a peer that left still vouches for the tip")
	}
	if _, changed := s.update(liveAt(map[p2p.PeerID]uint32{2: 11}), now); changed {
		t.Error("a new claim counts as a change of peers")
	}
}

func TestPeersAreAskedForTheirTipsAgain(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	s.setAnswer(1, caughtUp, now)
	s.setAnswer(2, failed, now)
	for _, step := range []struct {
		after time.Duration
		due   int
	}{{answerRetry - 1, 0}, {answerRetry, 1}, {AnswerAge, 2}} {
		s.age(now.Add(step.after))
		if got := len(s.due(now)); got != step.due {
			t.Errorf("after %v %d peers are due, want %d", step.after, got, step.due)
		}
	}
	if !s.shown() {
		t.Error("an answer that is asked for again no longer counts")
	}
	s.fetchingTail = true
	if len(s.due(now)) != 0 {
		t.Error("peers are asked one by one while a tail is fetched")
	}
}

func TestOneLiarDoesNotMoveTheBestHeight(t *testing.T) {
	s := newPeerTips(AnswerAge)
	if best, n := s.best(); best != 0 || n != 0 {
		t.Errorf("best of nobody is %d of %d", best, n)
	}
	now := time.Unix(1000, 0)
	s.update(liveAt(map[p2p.PeerID]uint32{1: 100, 2: 101, 3: 4_000_000_000}), now)
	if best, n := s.best(); best != 101 || n != 2 {
		t.Errorf("best is %d of %d, want 101 of 2", best, n)
	}
	s.update(liveAt(map[p2p.PeerID]uint32{2: 101, 3: 4_000_000_000}), now)
	if best, n := s.best(); best != 101 || n != 2 {
		t.Errorf("of two peers that differ, best is %d of %d, want 101 of 2", best, n)
	}
}

func TestAPeerThatAnnouncesWhileItIsAskedIsAskedOnceMore(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10}), now)
	s.setAnswer(1, asking, now)
	s.reopen(1, now)
	s.setAnswer(1, caughtUp, now)
	if len(s.due(now)) != 1 {
		t.Error("the announcement was forgotten")
	}
	s.setAnswer(1, asking, now)
	s.setAnswer(1, caughtUp, now)
	if len(s.due(now)) != 0 {
		t.Error("the peer is asked for ever")
	}
}

// TestASilentPeerIsNotWaitedForAfterEachPhase checks that a peer whose request ends with a
// phase is not given more time by the next one.
func TestASilentPeerIsNotWaitedForAfterEachPhase(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	s.setAnswer(1, caughtUp, now)
	s.ask(2, now)
	now = now.Add(AnswerGrace)
	if !s.complete(now) {
		t.Error("a silent peer holds the tips up for ever")
	}
	s.restart()
	if s.ask(2, now); !s.complete(now) {
		t.Error("a silent peer holds the tips up once more in the next phase")
	}
	s.setAnswer(2, caughtUp, now)
	s.reopen(2, now)
	if s.ask(2, now); s.complete(now) {
		t.Error("a peer that has answered is not waited for")
	}
}

// TestPeersAreAskedWhileOthersLeadForLong checks when peers are asked during a tail fetch.
func TestPeersAreAskedWhileOthersLeadForLong(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	s.heard(1)
	if len(s.due(now.Add(tailCheck-1))) != 0 {
		t.Error("peers are asked though the tail fetch has just begun")
	}
	if due := s.due(now.Add(tailCheck)); len(due) != 1 || due[0] != 2 {
		t.Errorf("%v are asked, want the peer that was not heard", due)
	}
}

// TestHeadersOfPeersThatLeftAreChargedToNone checks whom headers are charged to.
func TestHeadersOfPeersThatLeftAreChargedToNone(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	s.update(liveAt(map[p2p.PeerID]uint32{2: 10}), now)
	if got := []p2p.PeerID{s.source(1), s.source(2), s.source(3)}; !slices.Equal(got, []p2p.PeerID{0, 2, 0}) {
		t.Errorf("headers of peers 1, 2 and 3 are charged to %v, want 0, 2 and 0", got)
	}
}
