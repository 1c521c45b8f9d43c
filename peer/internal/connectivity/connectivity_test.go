package connectivity

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// newNetwork returns a Network with three dialling goroutines. It has peers while *peers is set.
func newNetwork(peers *bool) *Network {
	n := New(Deps{
		Log:        slog.New(slog.DiscardHandler),
		Rand:       func() uint64 { return 0 },
		ProbeEvery: 4 * time.Second,
		Connected:  func() bool { return *peers },
		Changed:    func() {},
	})
	n.AddDialers(3)
	return n
}

// TestDownAfterOneFailureOfEachDialler checks which failures make the network count as down, and
// that a dial that connects ends that, and all pauses.
func TestDownAfterOneFailureOfEachDialler(t *testing.T) {
	peers := true
	n := newNetwork(&peers)
	for range 100 {
		n.Dialled(false)
	}
	if up, _ := n.Up(); !up {
		t.Error("down although there are peers")
	}
	peers = false
	n.Dialled(false)
	n.Dialled(false)
	up, back := n.Up()
	if !up {
		t.Error("down after two failures")
	}
	n.Dialled(false)
	if up, _ = n.Up(); up {
		t.Error("up after three failures")
	}
	n.Dialled(true)
	select {
	case <-back:
	default:
		t.Error("the pauses go on although a dial has connected")
	}
	if up, _ = n.Up(); !up {
		t.Error("down although a dial has connected")
	}
}

// TestGateWhileDown checks that one goroutine at a time passes the gate while the network is down,
// at short intervals, that all pass once it is back, and that none passes after its context.
func TestGateWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peers := false
		n := newNetwork(&peers)
		for range 3 {
			n.Dialled(false)
		}
		begin := time.Now()
		passed := make(chan func(), 3)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if done, ok := n.Gate(ctx); ok {
					passed <- done
				}
			})
		}
		done := <-passed
		if at := time.Since(begin); at != 2*time.Second {
			t.Errorf("first dial after %v", at)
		}
		<-time.After(time.Hour)
		if len(passed) > 0 {
			t.Error("a second goroutine dials beside the first")
		}
		n.Dialled(false)
		done()
		begin = time.Now()
		done = <-passed
		if at := time.Since(begin); at != 2*time.Second {
			t.Errorf("second dial after %v", at)
		}
		n.Dialled(true)
		done()
		synctest.Wait()
		if len(passed) != 1 {
			t.Error("the last goroutine waits although the network is back")
		}
		wg.Wait()
		cancel()
		if _, ok := n.Gate(ctx); ok {
			t.Error("a goroutine passed after its context")
		}
	})
}

// TestDialling checks that a dial counts as in progress until its end, and what pokes.
func TestDialling(t *testing.T) {
	peers := false
	n := newNetwork(&peers)
	pokes := 0
	n.deps.Changed = func() { pokes++ }
	n.Begin()
	n.Begin()
	n.End()
	if !n.Dialling() || pokes != 0 {
		t.Errorf("with one dial in progress: dialling %v, %d pokes", n.Dialling(), pokes)
	}
	n.End()
	if n.Dialling() || pokes != 1 {
		t.Errorf("without a dial in progress: dialling %v, %d pokes", n.Dialling(), pokes)
	}
}

// TestPauseEndsByAnEarlierWake checks that a pause ends at once if pauses have ended since its
// caller looked at the state.
func TestPauseEndsByAnEarlierWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peers := false
		n := newNetwork(&peers)
		_, back := n.Up()
		n.Wake()
		begin := time.Now()
		if !Pause(t.Context(), back, time.Hour) || time.Since(begin) != 0 {
			t.Errorf("the pause took %v", time.Since(begin))
		}
	})
}
