package defect

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/spvd/spvd/spv/p2p"
)

func TestAPanicBecomesAnErrorOfItsPeer(t *testing.T) {
	n, err := Contain(7, func() (int, error) { panic("no such row") })
	var d *Error
	if !errors.As(err, &d) || d.Peer != 7 || len(d.Stack) == 0 || n != 0 {
		t.Fatalf("the panic became %d, %v", n, err)
	}
	if n, err := Contain(7, func() (int, error) { return 3, nil }); n != 3 || err != nil {
		t.Errorf("without a panic: %d, %v", n, err)
	}
}

func TestOnlyDefectsAreReported(t *testing.T) {
	blamed := make(map[p2p.PeerID]int)
	r := NewReporter(slog.New(slog.DiscardHandler), func(peer p2p.PeerID, _ error) { blamed[peer]++ })
	if r.Report(nil) || r.Report(errors.New("no answer")) {
		t.Error("an error that is no defect was reported")
	}
	for _, peer := range []p2p.PeerID{7, 0} {
		if !r.Report(fmt.Errorf("prepare: %w", &Error{Peer: peer, Value: "broken"})) {
			t.Errorf("the defect over peer %d was not reported", peer)
		}
	}
	if r.Count() != 2 || len(blamed) != 1 || blamed[7] != 1 {
		t.Errorf("%d defects, blamed %v", r.Count(), blamed)
	}
}
