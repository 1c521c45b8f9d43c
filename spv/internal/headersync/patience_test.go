package headersync

import (
	"fmt"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// TestPatienceFollowsTheSlowestAnswer checks the bounds of how long a host is waited for.
func TestPatienceFollowsTheSlowestAnswer(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 99}), now)
	for _, id := range s.live() {
		s.setHost(id, "", 0, now)
	}
	for took, want := range map[time.Duration]time.Duration{
		0:               LeastPatience,
		time.Second:     LeastPatience,
		5 * time.Second: 15 * time.Second,
		time.Minute:     mostPatience,
	} {
		s.peers[1].slowest = 0
		s.replied(1, took)
		if got := s.patience(); got != want {
			t.Errorf("with an answer that took %v, %v of patience, want %v", took, got, want)
		}
	}
}

// TestTheTimeOfAHostIsBounded goes through turns of a loop in which a peer that claims more
// sends new headers all the time: it is waited for longer, but not for ever, and not longer
// with more connections.
func TestTheTimeOfAHostIsBounded(t *testing.T) {
	for _, connections := range []p2p.PeerID{1, 5} {
		now := time.Unix(1000, 0)
		s := newPeerTips(AnswerAge)
		s.fetchingTail = false
		claims := make(map[p2p.PeerID]uint32)
		for id := range connections {
			claims[id+1] = 99
		}
		s.update(liveAt(claims), now)
		for _, id := range s.live() {
			s.setHost(id, "2001:db8::/64", 0, now)
		}
		began := now
		for s.await(10, now); len(s.awaited) > 0; s.await(10, now) {
			now = now.Add(maxTurn / 2)
			s.progressed(1, now)
			if now.Sub(began) > 2*mostShowing {
				t.Fatalf("%d connections: waited for after %v", connections, now.Sub(began))
			}
		}
		if waited := now.Sub(began); waited < mostShowing || waited > mostShowing+LeastPatience {
			t.Errorf("%d connections: waited for %v, want about %v", connections, waited, mostShowing)
		}
		now = now.Add(patienceAge)
		if s.await(10, now); len(s.awaited) == 0 {
			t.Error("not waited for a day later")
		}
		for id := range maxAllowances + 100 {
			s.allowance(fmt.Sprint(id), now)
		}
		if n := len(s.allowances); n > maxAllowances {
			t.Errorf("%d hosts are remembered", n)
		}
	}
}

// TestASilentHostHoldsTheEndOfASyncUpOnce has a silent peer connect again and again during a
// first sync: only its first connection is waited for.
func TestASilentHostHoldsTheEndOfASyncUpOnce(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newPeerTips(AnswerAge)
	s.fetchingTail = false
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 2: 10}), now)
	s.setHost(1, "10.0.0.1", 0, now)
	s.setHost(2, "10.0.0.2", 0, now)
	s.setAnswer(1, caughtUp, now)
	s.ask(2, now)
	if s.complete(now) {
		t.Error("complete though a peer has just been asked")
	}
	s.setAnswer(2, failed, now)
	for id := p2p.PeerID(3); id < 9; id++ {
		s.update(liveAt(map[p2p.PeerID]uint32{1: 10, id: 10}), now)
		s.setHost(id, "10.0.0.2", 0, now)
		if !s.complete(now) {
			t.Errorf("connection %d is waited for before it is asked", id)
		}
		if s.ask(id, now); !s.complete(now) {
			t.Errorf("connection %d is waited for", id)
		}
	}
	s.setAnswer(8, caughtUp, now)
	s.update(liveAt(map[p2p.PeerID]uint32{1: 10, 9: 10}), now)
	s.setHost(9, "10.0.0.2", 0, now)
	if s.complete(now) {
		t.Error("a host that has answered meanwhile is not waited for")
	}
}
